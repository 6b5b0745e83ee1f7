/**
 * Build the loader, the panel, the pinned build and the manifest into dist/, and fail over budget.
 * Bytes are those of brotli 11, as a page downloads them, with the configuration of one survey.
 */

import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {brotliCompressSync, constants} from 'node:zlib';
import {build} from 'esbuild';
import {minify} from 'terser';
import {sampleConfig, sampleDecision} from './test/sample.js';

const PLACEHOLDER = '"__ZEROTEN_CONFIG__"';
/** Decisions are packed while somebody waits (backend/api/public/files.py). */
const DECISION_QUALITY = 5;
const BUDGET = {script: 5000, shown: 13000};
/** Members that loader and panel know each other by; never seen by a page, in storage or on the wire. */
const INTERNAL = /^(ENGLISH|after|anonymousId|complain|config|createSession|drop|emit|ended|firstSeenAt|fromJson|guard|hasFocus|hold|isDialog|isFree|isTouched|lease|mayKeep|memory|moved|onChoose|onClose|onCommit|onEnd|onLost|onRest|pageTemplate|post|refused|published|judge|nodes|destroy|renew|root|say|speak|stop|store|surveyId|take|tell|toJson)$/;
/** V8 compiles all of it off the main thread, while it arrives: a third of the time a showing costs there. Others ignore it. */
const EAGER = '//# allFunctionsCalledOnLoad\n';
/** @type {Record<string, string | false>} */
const names = {};
const dist = new URL('dist/', import.meta.url);
const {version} = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** @param {string} text @param {number} [quality] */
const brotli = (text, quality = 11) => brotliCompressSync(text, {params: {[constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: text.length}}).length;

/** Style sheets are written a rule a line, and shipped without the lines. */
const flatSheets = {
  name: 'flat-sheets',
  /** @param {import('esbuild').PluginBuild} build */
  setup: ({onLoad}) =>
    onLoad({filter: /(styles|more)\.js$/}, ({path}) => ({contents: readFileSync(path, 'utf8').replace(/`\n[^`]*`/g, (sheet) => sheet.replaceAll('\n', ''))})),
};

/** The richer parts stay a file of their own. @param {string} name @returns {import('esbuild').Plugin} */
const apart = (name) => ({
  name: 'apart',
  setup: ({onResolve}) => onResolve({filter: /\/more\.js$/}, ({kind}) => (kind === 'dynamic-import' ? {path: `./${name}`, external: true} : undefined)),
});

/** The richer parts come along. @type {import('esbuild').Plugin} */
const together = {
  name: 'together',
  setup: ({onResolve}) => onResolve({filter: /\/load-more\.js$/}, () => ({path: new URL('src/load-more-pinned.js', import.meta.url).pathname})),
};

/** @param {string} entry @param {'iife' | 'esm'} format @param {string} [more] name of the file that holds src/more.js; bundled without */
async function bundle(entry, format, more = '') {
  const {outputFiles, metafile, mangleCache} = await build({
    entryPoints: [new URL(`src/${entry}.js`, import.meta.url).pathname],
    bundle: true,
    minify: true,
    format,
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    mangleProps: INTERNAL,
    mangleCache: names,
    write: false,
    outfile: `${entry}.js`,
    plugins: [flatSheets, more ? apart(more) : together],
  });
  Object.assign(names, mangleCache);
  const parts = Object.values(metafile.outputs)[0].inputs;
  // A second minifier: 4 % of the brotli bytes. toplevel is safe, each output is a module or one function.
  const {code = ''} = await minify(outputFiles[0].text, {
    module: format === 'esm',
    compress: {passes: 3, ecma: 2020, unsafe: true, inline: 0, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false},
    format: {ecma: 2020},
  });
  return {text: entry === 'index' || entry === 'panel' ? `${EAGER}${code}` : code, parts};
}

/** @param {string} text */
const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** @param {string} name @param {string} text */
function put(name, text) {
  writeFileSync(new URL(name, dist), text);
  return name;
}

/** @param {string} title @param {Record<string, {bytesInOutput: number}>} parts */
function explain(title, parts) {
  console.log(`${title}, minified bytes by file:`);
  const rows = Object.entries(parts).sort(([, one], [, other]) => other.bytesInOutput - one.bytesInOutput);
  for (const [file, {bytesInOutput}] of rows) console.log(`  ${String(bytesInOutput).padStart(6)}  ${file.replace(/^.*src\//, '')}`);
}

/** What the JSDoc of a module says, as TypeScript reads it; it must lean on no other module. @param {string} entry */
function declarations(entry) {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'zeroten-types-'));
  try {
    const flags = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', 'src', '--outDir', folder];
    execFileSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', '.', ...flags], {cwd: here, stdio: 'inherit'});
    const text = readFileSync(join(folder, `${entry}.d.ts`), 'utf8');
    if (/\bimport\b/.test(text)) throw new Error(`the types of ${entry} lean on another module`);
    // Each @typedef has become a type; the comment it was written in is of no more use.
    return text.replace(/\/\*\*(?:(?!\*\/)[^])*@typedef[^]*?\*\/\n/g, '');
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** The npm package: one module, its types from the JSDoc, its own README, the licence. @param {string} text */
function packNpm(text) {
  const folder = new URL('npm/', dist);
  mkdirSync(folder, {recursive: true});
  writeFileSync(new URL('index.js', folder), text);
  writeFileSync(new URL('index.d.ts', folder), declarations('npm'));
  copyFileSync(new URL('npm/README.md', import.meta.url), new URL('README.md', folder));
  copyFileSync(new URL('../LICENSE', import.meta.url), new URL('LICENSE', folder));
  const described = JSON.parse(readFileSync(new URL('npm/package.json', import.meta.url), 'utf8'));
  writeFileSync(new URL('package.json', folder), `${JSON.stringify({...described, version}, null, 2)}\n`);
}

const loader = await bundle('index', 'iife');
if (loader.text.split(PLACEHOLDER).length !== 2) throw new Error(`the loader must hold ${PLACEHOLDER} exactly once`);
const more = await bundle('more', 'esm');
const moreName = `panel.${hashOf(more.text)}.js`;
const panel = await bundle('panel', 'esm', moreName);
const views = await bundle('views', 'esm');
const pinned = await bundle('pinned', 'iife');
const npm = await bundle('npm', 'esm');
const panelName = `panel.${hashOf(panel.text)}.js`;

rmSync(dist, {recursive: true, force: true});
mkdirSync(dist, {recursive: true});
const script = loader.text.replace(PLACEHOLDER, () => JSON.stringify(sampleConfig('panel.3f9a1c02.js')));
const bytes = {
  loader: brotli(loader.text),
  panel: brotli(panel.text),
  more: brotli(more.text),
  views: brotli(views.text),
  pinned: brotli(pinned.text),
  script: brotli(script),
  shown: brotli(script) + brotli(panel.text) + brotli(JSON.stringify(sampleDecision()), DECISION_QUALITY),
};
const integrity = `sha384-${createHash('sha384').update(pinned.text).digest('base64')}`;
// The server sends one language of these with a decision.
put('texts.json', readFileSync(new URL('texts.json', import.meta.url), 'utf8'));
const manifest = {
  version,
  loader: put('loader.js', loader.text),
  panel: put(panelName, panel.text),
  more: put(moreName, more.text),
  views: put(`panel.${hashOf(views.text)}.js`, views.text),
  pinned: put(`zeroten.${version}.js`, pinned.text),
  integrity,
  bytes,
};
put('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);

packNpm(npm.text);

explain('loader', loader.parts);
explain('panel', panel.parts);
explain('more, for richer surveys', more.parts);
console.log(`\n${readdirSync(dist).join('  ')}`);
console.log(`script with the configuration of one survey: ${bytes.script} of ${BUDGET.script} bytes (brotli 11)`);
console.log(`all by the time it shows: ${bytes.shown} of ${BUDGET.shown} bytes`);
const over = /** @type {const} */ (['script', 'shown']).filter((name) => bytes[name] > BUDGET[name]);
if (over.length) {
  console.error(`over budget: ${over.map((name) => `${name} by ${bytes[name] - BUDGET[name]} bytes`).join(', ')}`);
  process.exitCode = 1;
}

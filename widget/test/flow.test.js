import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as flow from '../src/core/flow.js';

const vectors = JSON.parse(readFileSync(new URL('../../tests/vectors/flow.json', import.meta.url), 'utf8'));

const functions = {
  next: (content, values, after) => flow.nextQuestion(content, values, after)?.id ?? null,
  path: (content, values) => flow.path(content, values).map(({id}) => id),
  text: (content, id, values) => flow.questionText(content, content.texts.en, id, values),
  thanks: (content, values) => flow.thanks(content, content.texts.en, values),
  band: flow.metricBand,
  check: (content, id, value) => flow.checkAnswer(content.questions.find((one) => one.id === id), value),
  response: flow.toResponse,
  progress: flow.progress,
};

for (const {name, function: called, content, args, expect} of vectors.cases) {
  test(`flow: ${name}`, () => {
    assert.deepEqual(functions[called](vectors.contents[content], ...args), expect);
  });
}

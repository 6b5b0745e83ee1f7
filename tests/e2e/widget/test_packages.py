"""Ways to put the widget into a product: the npm package and the examples."""

from __future__ import annotations

import subprocess
import tarfile

import pytest

from tests.contracts.serving import ROOT, eventually

WIDGET = ROOT / "widget"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Install the package as npm would publish it into a project; nothing is fetched."""
    folder = tmp_path_factory.mktemp("newcomer")
    packing = ["npm", "pack", "--silent", "--offline", "--pack-destination", folder]
    run(packing, WIDGET / "dist" / "npm")
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "node_modules", filter="data")
    (folder / "node_modules" / "package").rename(folder / "node_modules" / "zeroten")
    return folder


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_npm_package_is_whole_and_carries_its_licence(project):
    files = {path.name for path in (project / "node_modules" / "zeroten").iterdir()}

    assert files == {"index.js", "index.d.ts", "package.json", "README.md", "LICENSE"}


def test_a_newcomer_s_bundle_asks_and_calls_made_before_it_runs_keep_their_promises(
    scene, guest, project
):
    given = scene(targeting={"triggers": []})
    (project / "app.ts").write_text(
        f"""import {{init, zeroten}} from 'zeroten';
        const heard: string[] = ((window as any).heard = []);
        zeroten('on', 'shown', () => heard.push('not any more'))();
        zeroten('on', 'shown', () => heard.push('shown'));
        zeroten('identify', 'u-9', {{traits: {{role: 'owner'}}}});
        zeroten('open').then((shown: boolean) => heard.push(`opened: ${{shown}}`));
        const {{key, host}} = {{key: '{given.key}', host: '{given.server.url}'}};
        init({{key, host}}).then((runs: boolean) => heard.push(`runs: ${{runs}}`));"""
    )
    bundler = WIDGET / "node_modules" / "esbuild" / "bin" / "esbuild"
    built = run([bundler, "app.ts", "--bundle", "--minify", "--format=esm"], project)
    assert built.returncode == 0, built.stderr
    given.host.pages["/app.js"] = (built.stdout, {"Content-Type": "text/javascript"})

    guest.open(given.page(tag="<script type=module src=/app.js></script>")).score(10)

    eventually(
        lambda: [(one["score"], one["role"]) for one in given.responses()] == [(10, "owner")]
    )
    assert sorted(guest.page.evaluate("heard")) == ["opened: true", "runs: true", "shown"]


def test_the_npm_package_says_when_it_cannot_run(scene, guest):
    guest.expect_trouble()  # The browser tells of the 404.
    given = scene()
    given.host.pages["/zeroten.js"] = (
        (WIDGET / "dist" / "npm" / "index.js").read_text(),
        {"Content-Type": "text/javascript"},
    )
    module = f"""<script type="module">
      import {{init, zeroten}} from '/zeroten.js';
      zeroten('open').then(shown => {{ window.opened = shown; }});
      window.runs = await init({{key: 'pk_0000000000000000000000', host: '{given.server.url}'}});
    </script>"""

    guest.page.goto(given.page(tag=module))
    guest.page.wait_for_function("window.runs !== undefined")

    assert guest.page.evaluate("[window.runs, window.opened]") == [False, False]


@pytest.mark.parametrize(
    "call, fault",
    [
        ("zeroten('identify', 'u-1', {traits: {role: 'admin'}, token: async () => 't'})", None),
        ("zeroten('on', 'completed', ({score}) => score?.toFixed())()", None),
        ("init({key: 'pk_x', host: 'https://x'}).then((runs: boolean) => runs)", None),
        ("zeroten('debug').then(said => said && Object.keys(said))", None),
        ("zeroten('consent', 'perhaps')", "TS2769"),
        ("zeroten('identify')", "TS2769"),
        ("zeroten('on', 'completed', ({socre}) => socre)", "TS2339"),
        ("init({key: 'pk_x'})", "TS2741"),
    ],
)
def test_typescript_takes_right_calls_and_refuses_wrong_ones(project, call, fault):
    (project / "calls.ts").write_text(
        f"import {{init, zeroten}} from 'zeroten';\n{call};\nvoid init;"
    )
    compiler = WIDGET / "node_modules" / "typescript" / "bin" / "tsc"
    flags = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler"]

    told = run(["node", compiler, "--ignoreConfig", *flags, "calls.ts"], project)

    found = [line.split(": ")[1] for line in told.stdout.splitlines() if "calls.ts" in line]
    assert found == ([f"error {fault}"] if fault else []), told.stdout + told.stderr
    assert told.returncode == (1 if fault else 0)


def test_the_single_page_example_works_as_it_stands(scene, guest):
    given = scene(
        targeting={"triggers": [{"type": "event", "name": "export_done"}], "pages": ["/reports/*"]}
    )
    example = (WIDGET / "examples" / "spa" / "index.html").read_text()
    tag = "https://zeroten.example.com/w/pk_your_publishable_key.js"
    assert tag in example
    given.host.pages["*"] = (example.replace(tag, f"{given.server.url}/w/{given.key}.js"), {})
    guest.page.goto(given.host.origin + "/home")
    guest.page.wait_for_function("zeroten.loaded")

    guest.page.get_by_role("button", name="Export").click()
    guest.page.wait_for_timeout(400)
    assert guest.panel().count() == 0
    guest.page.get_by_role("link", name="Report 42").click()
    guest.page.get_by_role("button", name="Export").click()
    guest.wait().score(8)

    eventually(
        lambda: [(one["score"], one["page"]) for one in given.responses()] == [(8, "/reports/:id")]
    )

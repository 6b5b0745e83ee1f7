"""Ways to put the widget into a product: the npm package and the examples."""

from __future__ import annotations

import subprocess

import pytest

from tests.contracts.serving import ROOT, eventually

WIDGET = ROOT / "widget"


def test_the_npm_package_runs_as_a_module_of_the_page(scene, guest):
    given = scene()
    given.host.pages["/zeroten.js"] = (
        (WIDGET / "dist" / "npm" / "index.js").read_text(),
        {"Content-Type": "text/javascript"},
    )
    module = f"""<script type="module">
      import {{init, zeroten}} from '/zeroten.js';
      zeroten('identify', 'u-9', {{traits: {{role: 'owner'}}}});
      window.runs = await init({{key: '{given.key}', host: '{given.server.url}'}});
    </script>"""

    guest.open(given.page(tag=module)).score(10)

    eventually(
        lambda: [(one["score"], one["role"]) for one in given.responses()] == [(10, "owner")]
    )
    assert guest.page.evaluate("window.runs") is True


def test_the_npm_package_says_when_it_cannot_run(scene, guest):
    guest.expect_trouble()  # The browser tells of the 404.
    given = scene()
    given.host.pages["/zeroten.js"] = (
        (WIDGET / "dist" / "npm" / "index.js").read_text(),
        {"Content-Type": "text/javascript"},
    )
    module = f"""<script type="module">
      import {{init}} from '/zeroten.js';
      window.runs = await init({{key: 'pk_0000000000000000000000', host: '{given.server.url}'}});
    </script>"""

    guest.page.goto(given.page(tag=module))
    guest.page.wait_for_function("window.runs !== undefined")

    assert guest.page.evaluate("window.runs") is False


@pytest.mark.parametrize(
    "call, fault",
    [
        ("zeroten('identify', 'u-1', {traits: {role: 'admin'}, token: async () => 't'})", None),
        ("zeroten('on', 'completed', ({score}) => score?.toFixed())()", None),
        ("init({key: 'pk_x', host: 'https://x'}).then((runs: boolean) => runs)", None),
        ("zeroten('consent', 'perhaps')", "TS2769"),
        ("zeroten('identify')", "TS2769"),
        ("zeroten('on', 'completed', ({socre}) => socre)", "TS2339"),
        ("init({key: 'pk_x'})", "TS2741"),
    ],
)
def test_typescript_takes_right_calls_and_refuses_wrong_ones(tmp_path, call, fault):
    package = tmp_path / "node_modules" / "zeroten"
    package.parent.mkdir()
    package.symlink_to(WIDGET / "dist" / "npm")
    (tmp_path / "app.ts").write_text(
        f"import {{init, zeroten}} from 'zeroten';\n{call};\nvoid init;"
    )
    compiler = WIDGET / "node_modules" / "typescript" / "bin" / "tsc"
    flags = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler"]

    told = subprocess.run(
        ["node", compiler, "--ignoreConfig", *flags, "app.ts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    found = [line.split(": ")[1] for line in told.stdout.splitlines() if "app.ts" in line]
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

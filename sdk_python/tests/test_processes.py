"""Exits, signals, forks and pools: every child's events arrive once, and nobody hangs."""

from __future__ import annotations

import signal
import time

import pytest
from sdk_python.tests import scripts

TRACK = "for n in range({0}): client.track('u-1', {1!r}, {{'n': n}})\n"
DEAD = "http://127.0.0.1:9"


def test_an_exit_without_flush_loses_nothing(server):
    scripts.run(TRACK.format(1000, "done"), server.url)

    assert len(server.events) == 1000


def test_an_exit_while_the_server_is_away_takes_at_most_two_seconds_and_says_what_is_lost(server):
    started = time.monotonic()
    process = scripts.start(TRACK.format(300, "done"), DEAD)
    _, err = process.communicate(timeout=20)

    assert time.monotonic() - started < 2 + 3  # and the start of an interpreter, on a busy machine
    assert "closed: 300" in err


def test_several_clients_share_the_budget_of_the_exit():
    more = "more = [zeroten.Client('sk_test') for _ in range(4)]\n"
    code = more + "for one in [client, *more]: one.track('u-1', 'done')\n"
    started = time.monotonic()
    process = scripts.start(code, DEAD)
    process.communicate(timeout=20)

    assert time.monotonic() - started < 2 + 3


def test_sys_exit_in_a_thread_pool_program_loses_nothing(server):
    code = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    for n in range(200): pool.submit(client.track, "u-1", "pooled", {"n": n})
sys.exit(0)
"""
    scripts.run(code, server.url)

    assert len(server.events) == 200


def test_a_program_that_only_tracks_in_atexit_still_delivers(server):
    code = "import atexit; atexit.register(client.track, 'u-1', 'goodbye')\n"
    scripts.run(code, server.url)

    assert len(server.named("goodbye")) == 1


def test_a_forked_child_sends_its_own_events_and_not_the_parents(server):
    code = (
        TRACK.format(200, "parent")
        + "pid = os.fork()\n"
        + "if pid == 0:\n    "
        + TRACK.format(100, "child")
        + "    assert client.stats().called == 100\n    client.close(20)\n    os._exit(0)\n"
        + "os.waitpid(pid, 0)\n"
    )
    scripts.run(code, server.url)

    assert len(server.named("parent")) == 200
    assert len(server.named("child")) == 100
    assert set(server.copies.values()) == {1}


def test_a_child_of_multiprocessing_delivers_without_atexit(server):
    code = """
import multiprocessing
def work():
    for n in range(100): client.track("u-1", "worker", {"n": n})
process = multiprocessing.get_context("fork").Process(target=work)
process.start(); process.join(); assert process.exitcode == 0
"""
    scripts.run(code, server.url)

    assert len(server.named("worker")) == 100


def test_sending_imports_nothing(server):
    """A fork while the sender's thread imports would leave the import's lock held in the child."""
    code = """
known = set(sys.modules)
client.track("u-1", "first")
assert client.flush(10)
assert set(sys.modules) == known, set(sys.modules) - known
"""
    scripts.run(code, server.url)


def test_twelve_forks_while_two_threads_track_hang_nobody(server):
    code = """
going = True
def busy():
    while going: client.track("u-1", "busy"); time.sleep(0.0001)
threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads: thread.start()
children = []
for child in range(12):
    pid = os.fork()
    if pid == 0:
        for n in range(100): assert client.track("u-1", "child", {"n": n})
        assert client.close(20)
        os._exit(0)
    children.append(pid)
    time.sleep(0.01)
codes = [os.waitpid(pid, 0)[1] for pid in children]
going = False
for thread in threads: thread.join()
assert codes == [0] * 12, codes
assert client.close(20)
print(client.stats().stored)
"""
    stored = int(scripts.run(code, server.url))

    assert len(server.named("child")) == 1200
    assert len(server.named("busy")) == stored
    assert set(server.copies.values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "SIGTERM"])
def test_with_a_spool_a_killed_process_loses_nothing(server, tmp_path, number):
    spool = tmp_path / "spool"
    code = TRACK.format(1000, "waiting") + "print('tracked', flush=True); time.sleep(30)\n"
    process = scripts.start(code, DEAD, spool=spool)
    assert process.stdout.readline() == "tracked\n"
    process.send_signal(number)
    process.communicate()

    code = "assert client.flush(30)\nassert client.stats().recovered == 1000\n"
    scripts.run(code, server.url, spool=spool)

    assert len(server.events) == 1000
    assert list(spool.iterdir()) == []


def test_a_kill_in_the_middle_of_a_loop_keeps_every_call_that_returned(server, tmp_path):
    spool = tmp_path / "spool"
    code = """
log = os.open(os.environ["SPOOL"] + ".calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
n = 0
while True:
    assert client.track("u-1", "loop", {"n": n}); n += 1
    os.write(log, b"x")
    time.sleep(0.0001)
"""
    for _ in range(3):
        process = scripts.start(code, DEAD, spool=spool)
        time.sleep(0.7)
        process.kill()
        process.communicate()

    scripts.run("assert client.flush(15), client.stats()\n", server.url, spool=spool)

    calls = len((tmp_path / "spool.calls").read_bytes())
    assert calls > 1000
    assert calls <= len(server.events) <= calls + 3  # a call may end before it was written down
    assert set(server.copies.values()) == {1}


def test_an_exit_with_a_spool_keeps_events_for_the_next_start(server, tmp_path):
    spool = tmp_path / "spool"
    code = TRACK.format(700, "later") + "client.close()\nprint(client.stats().kept)\n"
    assert scripts.run(code, DEAD, spool=spool) == "700\n"

    scripts.run("assert client.flush(30)\n", server.url, spool=spool)

    assert len(server.named("later")) == 700


def test_a_multiprocessing_child_with_the_server_away_leaves_its_events_in_the_spool(
    server, tmp_path
):
    spool = tmp_path / "spool"
    code = """
import multiprocessing
def work():
    for n in range(100): client.track("u-1", "worker", {"n": n})
process = multiprocessing.get_context("fork").Process(target=work)
process.start(); process.join()
"""
    scripts.run(code, DEAD, spool=spool)
    scripts.run("assert client.flush(30)\n", server.url, spool=spool)

    assert len(server.named("worker")) == 100


def test_gunicorn_preload_delivers_what_its_workers_tracked(server, tmp_path):
    (tmp_path / "shop.py").write_text(
        "import zeroten\n"
        "client = zeroten.Client('sk_test')\n"
        "client.track('boot', 'booted')\n"
        "def app(environ, start_response):\n"
        "    client.track('u-1', 'request')\n"
        "    start_response('200 OK', [('Content-Length', '2')])\n"
        "    return [b'ok']\n"
    )
    code = f"""
import http.client, socket, subprocess
with socket.socket() as s: s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]
arguments = ["-m", "gunicorn", "--preload", "-w", "2", "-b", f"127.0.0.1:{{port}}", "shop:app"]
process = subprocess.Popen([sys.executable, *arguments], cwd={str(tmp_path)!r})
for n in range(100):
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/"); assert connection.getresponse().status == 200; break
        except OSError: time.sleep(0.1)
    connection.close()
process.send_signal(signal.SIGTERM)
assert process.wait(30) == 0
"""
    scripts.run(code, server.url, timeout_s=90)

    assert len(server.named("request")) == 100
    assert len(server.named("booted")) == 1


def test_a_worker_of_celery_delivers_at_its_warm_shutdown(server):
    # Celery's pool ends its children by os._exit and sends this signal before; tried with
    # Celery 5.7: 100 tasks, 100 events.
    code = """
from types import ModuleType
connected = []
signals = sys.modules["celery.signals"] = ModuleType("celery.signals")
class Signal:
    def connect(self, receiver, weak): connected.append(receiver)
signals.worker_process_shutdown = Signal()
pid = os.fork()
if pid == 0:
    client.track("u-1", "task")
    connected[0](sender=None, pid=os.getpid(), exitcode=0)
    os._exit(0)
os.waitpid(pid, 0)
"""
    scripts.run(code, server.url)

    assert len(server.named("task")) == 1

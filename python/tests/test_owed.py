"""Keys whose invalidation was lost: not read until it was sent again."""

from __future__ import annotations

import pytest
from specs import cluster, spec

import ringshift


def one() -> ringshift.Router:
    return ringshift.Router.from_spec(spec(1, cluster("a")))


def test_an_owed_key_is_not_read_until_it_is_repaid() -> None:
    router = one()
    (node,) = router.nodes
    assert router.owed(node) == ()
    router.lost(node, "k")
    assert router.route("k").read is None
    assert [each.id for each in router.route("k").invalidate] == ["a"]
    assert router.route("other").read is not None
    router.report(node, "hit")
    ((key, loss),) = router.owed(node)
    assert key == b"k"
    assert router.owed(node) == (), "somebody has it"
    router.repaid(key, loss + 1)
    assert router.route("k").read is None
    router.repaid(key, loss)
    assert router.route("k").read is not None
    assert router.metrics()["owed"] == {"keys": 0, "unlisted_nodes": 0, "repaid": 1}


def test_a_loss_is_counted_as_a_report_is() -> None:
    router = one()
    (node,) = router.nodes
    router.lost(router.route("k").read or node, b"k", "timeout")
    requests = [(each["op"], each["outcome"], each["count"]) for each in router.metrics()["requests"]]
    assert requests == [("invalidate", "timeout", 1)]
    (debt,) = router.metrics()["debts"]
    assert (debt["lost"], debt["open"]) == (1, True)
    assert "ringshift_owed_keys 1\n" in router.metrics_text()


def test_what_is_no_loss_is_refused() -> None:
    router, other = one(), one()
    (node,) = router.nodes
    with pytest.raises(ringshift.InvalidArgumentError, match="use error, timeout, unreachable or unsent"):
        router.lost(node, "k", "hit")  # type: ignore[arg-type]
    with pytest.raises(ringshift.InvalidArgumentError, match="not an outcome"):
        router.lost(node, "k", "lost")  # type: ignore[arg-type]
    with pytest.raises(ringshift.InvalidKeyError):
        router.lost(node, "\ud800")
    with pytest.raises(TypeError):
        router.lost(node, 7)  # type: ignore[arg-type]
    (foreign,) = other.nodes
    for call in (lambda: router.lost(foreign, "k"), lambda: router.owed(foreign)):
        with pytest.raises(ringshift.InvalidArgumentError, match="another router"):
            call()
    assert router.metrics()["requests"] == []
    router.close()
    for call in (lambda: router.lost(node, "k"), lambda: router.owed(node), lambda: router.repaid("k", 1)):
        with pytest.raises(ringshift.ClosedError):
            call()

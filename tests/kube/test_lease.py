"""The protocol of the Lease: who may take it and when, what is written, when a leader has to end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.kube import lease
from rudr_py.settings import LeaderElection
from rudr_py.testing.clock import FakeClock
from tests.kube.lease_server import Candidate, LeaseServer, SkewedClock

MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
Make = Callable[..., Candidate]


@pytest.fixture
def time() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(time: FakeClock) -> LeaseServer:
    return LeaseServer(time)


@pytest.fixture
async def candidate(time: FakeClock, server: LeaseServer) -> AsyncIterator[Make]:
    """Starts a candidate: `candidate(name, jitter=…, **election)`."""
    made: list[Candidate] = []

    def make(name: str = "us", *, jitter: float = 0.0, offset: float = 0.0, **election: Any) -> Candidate:
        requested = LeaderElection(namespace="oam-system", identity=name, **election)
        made.append(Candidate(server, requested, SkewedClock(time, offset=offset), jitter))
        made[-1].start()
        return made[-1]

    yield make
    for item in made:
        await item.kill()
        for task in tuple(item.line.under_way):
            task.cancel()


async def test_an_absent_lease_is_created(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    us = candidate()
    await time.advance(0)
    assert us.leads
    assert us.elector.holder == "us"
    assert server.document is not None
    assert server.document["metadata"]["name"] == "rudr-py"
    spec = dict(server.spec)
    assert MICRO_TIME.fullmatch(spec.pop("renewTime"))
    assert MICRO_TIME.fullmatch(spec.pop("acquireTime"))
    assert spec == {"holderIdentity": "us", "leaseDurationSeconds": 15, "leaseTransitions": 0}
    assert us.line.sent[-1].path == "/apis/coordination.k8s.io/v1/namespaces/oam-system/leases"


@pytest.mark.parametrize("renewed", ["1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", None, "nonsense"])
async def test_a_lease_of_another_holder_is_taken_when_it_was_unchanged_for_its_duration(
    candidate: Make, server: LeaseServer, time: FakeClock, renewed: str | None
) -> None:
    server.held("them", renewTime=renewed, acquireTime="2020-01-01T00:00:00.000000Z")
    us = candidate()
    await time.advance(14.9)
    assert not us.leads
    assert us.elector.holder == "them"
    assert server.writes == []
    await time.advance(0.2)
    assert us.leads
    assert server.spec["leaseTransitions"] == 4
    assert server.spec["acquireTime"] == server.spec["renewTime"]


async def test_each_observed_renewal_restarts_the_duration(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    us = candidate()
    for number in range(5):
        server.held("them", renewTime=str(number))
        await time.advance(14.0)
        assert server.spec["holderIdentity"] == "them"
    await time.advance(2.0)
    assert us.leads


async def test_a_change_that_is_not_a_renewal_does_not_count(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    server.held("them")
    us = candidate()
    for number in range(5):
        assert server.document is not None
        metadata = {**server.document["metadata"], "annotations": {"seen": str(number)}}
        server.put({**server.document, "metadata": metadata})
        await time.advance(4.0)
    assert us.leads


async def test_the_lease_has_the_duration_of_its_holder(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    server.held("them", leaseDurationSeconds=60)
    us = candidate()
    await time.advance(59.0)
    assert not us.leads
    await time.advance(1.5)
    assert us.leads


async def test_the_written_duration_is_never_shorter_than_the_lease(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    candidate(lease_duration=1.2, renew_deadline=0.8, retry_period=0.2)
    await time.advance(0)
    assert server.spec["leaseDurationSeconds"] == 2


async def test_a_released_lease_is_taken_at_the_next_attempt(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    server.held("them")
    us = candidate()
    await time.advance(1.0)
    server.held("", leaseDurationSeconds=1)
    await time.advance(1.1)
    assert us.leads


async def test_a_leader_renews_by_updates_without_reads(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    us = candidate()
    await time.advance(0)
    first = dict(server.spec)
    us.line.sent.clear()
    await time.advance(60.0)
    assert us.leads
    assert [request.method for request in us.line.sent] == ["PUT"] * 30
    assert server.spec["renewTime"] > first["renewTime"]
    assert {**server.spec, "renewTime": ""} == {**first, "renewTime": ""}


async def test_fields_of_other_clients_in_the_lease_are_kept(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    server.put({"metadata": {"name": "rudr-py", "labels": {"team": "a"}}, "spec": {"strategy": "x"}})
    candidate()
    await time.advance(4.0)
    assert server.document is not None
    assert server.document["metadata"]["labels"] == {"team": "a"}
    assert server.spec["strategy"] == "x"
    assert server.spec["holderIdentity"] == "us"


async def test_a_leader_reads_and_retries_at_once_after_a_conflict(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    us = candidate()
    await time.advance(1.0)
    assert server.document is not None
    server.put(server.document)
    us.line.sent.clear()
    await time.advance(1.0)
    assert [request.method for request in us.line.sent] == ["PUT", "GET", "PUT"]
    assert us.leads


async def test_a_leader_ends_when_it_could_not_renew_in_time(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    us = candidate()
    await time.advance(2.0)
    us.line.down = True
    await time.advance(9.9)
    assert us.leads
    await time.advance(0.1)
    assert not us.leads
    assert isinstance(us.lost, errors.LeaseLostError)
    us.line.down = False
    await time.advance(60.0)
    assert len(server.writes) == 2


async def test_a_leader_survives_failures_that_end_before_its_deadline(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    us = candidate()
    await time.advance(2.0)
    for code in (500, 429, 503):
        us.line.code = code
        await time.advance(6.0)
        us.line.code = 0
        await time.advance(3.0)
    assert us.leads


async def test_a_lost_response_of_a_renewal_is_recovered(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    us = candidate()
    await time.advance(1.0)
    us.line.lost = True
    await time.advance(1.0)
    us.line.lost = False
    await time.advance(20.0)
    assert us.leads
    assert server.spec["leaseTransitions"] == 0


@pytest.mark.parametrize("holder", ["them", ""])
async def test_a_leader_ends_at_once_when_the_lease_is_not_its_own(
    candidate: Make, server: LeaseServer, time: FakeClock, holder: str
) -> None:
    us = candidate()
    await time.advance(1.0)
    server.held(holder)
    await time.advance(1.0)
    assert not us.leads
    assert isinstance(us.lost, errors.LeaseLostError)
    assert server.spec["holderIdentity"] == holder


async def test_time_counts_from_before_a_renewal_was_sent(candidate: Make, time: FakeClock) -> None:
    us = candidate()
    await time.advance(0)
    us.line.before = us.line.after = 1.5
    assert us.elector.remaining() == pytest.approx(13.5)
    await time.advance(5.0)
    assert us.elector.remaining() == pytest.approx(13.5 - 3.0)


@pytest.mark.parametrize("fault", ["lost", "down"])
@pytest.mark.parametrize(("before", "after"), [(0.0, 6.5), (6.5, 0.0), (3.0, 3.5)])
async def test_the_next_term_begins_after_the_last_one_ended_despite_slow_responses(
    candidate: Make, time: FakeClock, before: float, after: float, fault: str
) -> None:
    """The deadline is so late that nothing but the margin is between the two."""
    us = candidate("us", renew_deadline=14.0)
    await time.advance(0)
    them = candidate("them", renew_deadline=14.0, jitter=1.0)
    us.line.before, us.line.after = before, after
    await time.advance(10.0)
    setattr(us.line, fault, True)
    gap = 0
    for _ in range(400):
        await time.advance(0.1)
        assert not (us.elector.remaining() > 0 and them.elector.remaining() > 0)
        gap += us.elector.remaining() <= 0 and them.elector.remaining() <= 0
    assert them.leads
    assert gap >= 10


async def test_no_operation_may_begin_after_the_renew_deadline(candidate: Make, time: FakeClock) -> None:
    """As when the process stood still: its own clock tells it, before anything of it runs."""
    us = candidate()
    await time.advance(0)
    time.jump(9.9)
    assert us.elector.remaining() == pytest.approx(3.6)
    time.jump(0.1)
    assert us.elector.remaining() == 0.0


async def test_a_request_leaves_time_for_another_one_and_ends_before_the_lease(
    candidate: Make, time: FakeClock
) -> None:
    us = candidate()
    await time.advance(2.0)
    us.line.lost = True
    us.line.sent.clear()
    await time.advance(10.0)
    assert [round(request.timeout, 3) for request in us.line.sent] == [5.0, 1.0]
    assert isinstance(us.lost, errors.LeaseLostError)


async def test_candidates_try_with_jitter_at_least_once_per_retry_period(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    server.held("them", leaseDurationSeconds=3600)
    prompt, lazy = candidate("prompt", jitter=1.0), candidate("lazy")
    await time.advance(120.0)
    assert len(lazy.line.sent) == 61
    assert len(prompt.line.sent) == 81


async def test_a_stop_releases_the_lease(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    us, them = candidate("us"), candidate("them")
    await time.advance(3.0)
    first, second = (us, them) if us.leads else (them, us)
    await first.stop()
    assert {key: server.spec[key] for key in ("holderIdentity", "leaseDurationSeconds", "leaseTransitions")} == {
        "holderIdentity": "",
        "leaseDurationSeconds": 1,
        "leaseTransitions": 0,
    }
    assert not first.leads
    await time.advance(2.0)
    assert second.leads
    assert server.spec["leaseTransitions"] == 1


async def test_a_failed_release_raises_nothing(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    us = candidate()
    await time.advance(1.0)
    us.line.down = True
    await us.stop()
    assert not us.leads
    assert server.spec["holderIdentity"] == "us"


async def test_a_lease_of_another_holder_is_not_released(candidate: Make, server: LeaseServer, time: FakeClock) -> None:
    us = candidate()
    await time.advance(1.0)
    server.held("them")
    await us.stop()
    assert server.spec["holderIdentity"] == "them"


async def test_a_deleted_lease_is_restored_by_its_holder_and_not_taken_by_candidates(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    us = candidate("us")
    await time.advance(0)
    them = candidate("them", jitter=1.0)
    await time.advance(2.1)
    server.document = None
    await time.advance(6.0)
    assert us.leads
    assert not them.leads
    assert server.spec["holderIdentity"] == "us"


async def test_an_unreachable_lease_is_reported_after_its_duration(
    candidate: Make, server: LeaseServer, time: FakeClock
) -> None:
    server.held("them")
    us = candidate()
    await time.advance(1.0)
    us.line.code = 403
    await time.advance(14.0)
    assert us.elector.unreachable() is None
    await time.advance(4.0)
    assert us.elector.unreachable()
    us.line.code = 0
    await time.advance(2.0)
    assert us.elector.unreachable() is None


def test_the_margin_leaves_room_between_deadline_and_end() -> None:
    terms = LeaderElection(namespace="", identity="")
    assert terms.renew_deadline < terms.lease_duration * (1 - lease.MARGIN) < terms.lease_duration

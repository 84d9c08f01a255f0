"""Whatever lines and clocks do: never two leaders at one time, and somebody leads again when the faults are over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from rudr_py import errors
from rudr_py.settings import LeaderElection
from rudr_py.testing.clock import FakeClock
from tests.kube.lease_server import Candidate, LeaseServer, SkewedClock

STEP = 0.25
"""True seconds between two looks at who leads."""

TERMS = LeaderElection(namespace="oam-system", identity="", renew_deadline=14.0)
"""A deadline so late that nothing but the margin is between the end of one leader and the begin of the next."""

LEADER = -1
"""Whoever leads now; things get interesting where that one is hit."""

DELAYS = st.sampled_from([0.01, 0.5, 3.0, 6.5, 12.0])
TIMES = st.sampled_from([0.5, 2.0, 7.0, 16.0])
FAULTS = st.sampled_from(["lost", "down", "code"])
WHO = st.sampled_from([LEADER, LEADER, 0, 1, 2])
RATE = 0.04
"""How much a clock may go too fast or too slow; the margin of the lease allows for 5 % each way."""

WORST = TERMS.lease_duration * 1.2 + TERMS.renew_deadline
"""After so long without faults somebody leads: the last lease has ended, a request of the bad times was given up."""


class Election(RuleBasedStateMachine):
    """Three candidates. A process that ended is replaced by a new one, as a pod is."""

    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.time = FakeClock()
        self.server = LeaseServer(self.time)
        self.candidates: dict[int, Candidate] = {}
        self.number = 0
        self.leaders: set[str] = set()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(work)

    @initialize(rates=st.tuples(*[st.floats(1 - RATE, 1 + RATE)] * 3), offsets=st.tuples(*[st.floats(-1e6, 1e6)] * 3))
    def begin(self, rates: tuple[float, ...], offsets: tuple[float, ...]) -> None:
        self.clocks = list(zip(rates, offsets, strict=True))
        for who in range(3):
            self.enter(who)

    def enter(self, who: int) -> None:
        """A new process on a machine, with the machine's clock."""

        async def start() -> None:
            self.number += 1
            rate, offset = self.clocks[who]
            election = msgspec.structs.replace(TERMS, identity=f"{who}-{self.number}")
            clock = SkewedClock(self.time, rate=rate, offset=offset)
            self.candidates[who] = Candidate(self.server, election, clock, jitter=(self.number % 5) / 5)
            self.candidates[who].start()

        self.do(start())

    @rule(seconds=TIMES)
    def pass_time(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / STEP))):
            self.do(self.time.advance(STEP))
            self.nobody_beside_the_leader()
            for who, item in list(self.candidates.items()):
                if item.lost is not None:
                    assert isinstance(item.lost, errors.LeaseLostError)
                    self.enter(who)

    def picked(self, who: int) -> int:
        if who != LEADER:
            return who
        return next((number for number, item in self.candidates.items() if item.elector.remaining() > 0), 0)

    @rule(who=WHO, seconds=DELAYS, back=st.booleans())
    def delay(self, who: int, seconds: float, back: bool) -> None:
        """Make a line slow, on the way there or back."""
        line = self.candidates[self.picked(who)].line
        line.before, line.after = (0.01, seconds) if back else (seconds, 0.01)

    @rule(who=WHO, what=FAULTS, seconds=TIMES)
    def disturb(self, who: int, what: str, seconds: float) -> None:
        line = self.candidates[self.picked(who)].line
        line.lost, line.down, line.code = what == "lost", what == "down", 500 if what == "code" else 0
        self.advance(seconds)

    @rule(seconds=DELAYS, back=st.booleans(), what=FAULTS)
    def cut_off_slowly(self, seconds: float, back: bool, what: str) -> None:
        """What the leader believes of its last renewal is oldest then."""
        self.delay(LEADER, seconds, back)
        self.advance(seconds + 2.0)
        self.disturb(LEADER, what, 20.0)

    @rule(who=WHO)
    def mend(self, who: int) -> None:
        self.candidates[self.picked(who)].line.mend()

    @rule(who=WHO, seconds=TIMES)
    def stand_still(self, who: int, seconds: float) -> None:
        """SIGSTOP, and SIGCONT."""
        going = self.candidates[self.picked(who)].clock.going
        going.clear()
        self.advance(seconds)
        going.set()

    @rule(who=WHO)
    def kill(self, who: int) -> None:
        who = self.picked(who)
        self.do(self.candidates[who].kill())
        self.enter(who)

    @rule(who=WHO)
    def stop(self, who: int) -> None:
        who = self.picked(who)

        async def stopping() -> None:
            ending = asyncio.create_task(self.candidates[who].stop())
            while not ending.done():
                await self.time.advance(STEP)

        self.do(stopping())
        self.enter(who)

    @invariant()
    def nobody_beside_the_leader(self) -> None:
        leaders = [
            candidate.elector.holder for candidate in self.candidates.values() if candidate.elector.remaining() > 0
        ]
        assert len(leaders) <= 1, leaders
        self.leaders.update(leaders)

    def teardown(self) -> None:
        if self.candidates:
            for candidate in self.candidates.values():
                candidate.clock.going.set()
                (
                    candidate.line.lost,
                    candidate.line.down,
                    candidate.line.code,
                    candidate.line.before,
                    candidate.line.after,
                ) = (
                    False,
                    False,
                    0,
                    0.01,
                    0.01,
                )
            self.advance(2 * 20.0)  # what was under way arrives
            self.advance(WORST)
            assert sum(candidate.leads for candidate in self.candidates.values()) == 1
            for candidate in self.candidates.values():
                self.do(candidate.kill())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.do(asyncio.sleep(0))
        self.loop.close()


TestElection = Election.TestCase
TestElection.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

"""Whom a call turns to after each kind of failure: the same model, the provider's next key, the next model, nobody."""

import pytest

from headworks.core.errors import BadAskError, HeadworksError, ProviderError
from headworks.core.policy import Policy
from headworks.providers.pursuit.tools import Choice

TRANSIENT = ["provider_error", "overloaded"]


def places(bench, course, errors):
    return [bench.fail(course, failed).place for failed in errors]


def test_the_first_model_is_asked_first(bench):
    assert bench("one", "two").course().choose().place == 0


@pytest.mark.parametrize("code", TRANSIENT)
def test_a_failure_that_may_pass_is_tried_again_three_times_and_then_elsewhere(bench, failure, code):
    desk = bench("one", "two")
    assert places(desk, desk.course(), [failure(code)] * 5) == [0, 0, 0, 0, 1]


def test_retries_follow_a_growing_back_off(bench, failure):
    desk = bench("one", side=1.0)
    course, waits = desk.course(Policy(retries=7, calls=20)), []
    for _ in range(7):
        desk.health.key_replaced("one", 0)
        desk.fail(course, failure())
        waits.append(course._not_before_s[0] - desk.clock.monotonic())
        desk.clock.advance(60)  # the breaker is another matter
    assert waits == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 8])


def test_while_it_backs_off_nobody_else_is_asked(bench, failure):
    desk = bench("one", "two", side=1.0)
    course = desk.course()
    desk.fail(course, failure())
    assert course.choose() == 0.25
    desk.clock.advance(0.25)
    assert desk.chosen(course).place == 0


def test_a_back_off_that_does_not_fit_the_deadline_is_no_reason_to_wait(bench, failure):
    desk = bench("one", "two", side=1.0)
    course = desk.course(deadline_s=0.2)
    desk.fail(course, failure())
    assert desk.chosen(course).place == 1


def test_without_anybody_else_the_failure_is_told_at_once_when_the_back_off_does_not_fit(bench, failure):
    desk = bench("one", side=1.0)
    course = desk.course(deadline_s=0.2)
    desk.fail(course, failure())
    with pytest.raises(ProviderError, match="it said provider_error"):
        course.choose()


@pytest.mark.parametrize("retries", [0, 1])
def test_a_model_is_not_asked_more_often_than_the_policy_says(bench, failure, retries):
    desk = bench("one", "two")
    course = desk.course(Policy(retries=retries))
    asked = places(desk, course, [failure()] * (2 * (retries + 1)))
    assert asked == [0] * (retries + 1) + [1] * (retries + 1)
    with pytest.raises(ProviderError):
        course.choose()


def test_no_more_calls_are_made_than_the_policy_says(bench, failure):
    desk = bench("one", "two")
    course = desk.course(Policy(calls=3))
    places(desk, course, [failure()] * 3)
    with pytest.raises(ProviderError, match="it said"):
        course.choose()


def test_nothing_is_tried_after_the_deadline(bench, failure):
    desk = bench("one", "two")
    course = desk.course(deadline_s=5.0)
    desk.fail(course, failure())
    desk.clock.advance(5)
    with pytest.raises(ProviderError, match=r"deadline.*Last failure: it said") as late:
        course.choose()
    assert (late.value.code, late.value.status, late.value.retryable) == ("deadline_exceeded", 504, False)


def test_a_stream_must_begin_in_time_and_may_then_go_on(bench):
    desk = bench("one")
    begun, course = desk.course(stream=True, begin_by_s=2.0), desk.course(stream=True, begin_by_s=2.0)
    begun.begun(desk.chosen(begun))
    desk.clock.advance(2)
    assert begun.choose().place == 0
    with pytest.raises(ProviderError) as late:
        course.choose()
    assert late.value.code == "deadline_exceeded"


def test_whole_answers_have_no_time_to_begin_by(bench):
    desk = bench("one")
    course = desk.course(begin_by_s=2.0)
    assert course.times_left() == (600, 600)


def test_a_silent_provider_is_not_asked_again_with_any_of_its_models(bench, failure):
    desk = bench("one", "one", "two")
    course = desk.course()
    assert places(desk, course, [failure("provider_timeout")]) == [0]
    assert desk.chosen(course).place == 2


def test_a_provider_that_says_itself_that_it_is_late_is_not_silent(bench, failure):
    desk = bench("one", "two")
    said = failure("provider_timeout", provider_status=504)
    assert places(desk, desk.course(), [said, said]) == [0, 0]


def test_a_provider_that_was_at_work_when_its_time_ran_out_is_asked_again_when_no_other_answers(bench, failure):
    desk = bench("one", "two")
    course = desk.course()
    desk.fail(course, failure("provider_timeout"), ran_out=True)
    assert desk.chosen(course).place == 1
    desk.fail(course, failure("provider_timeout"))
    assert desk.chosen(course).place == 0


def test_a_silent_provider_stays_out_though_its_prompt_was_mended(bench, failure):
    desk = bench("one", "two")
    course = desk.course()
    desk.fail(course, failure("provider_timeout"))
    course.allow(0)
    assert desk.chosen(course).place == 1


def test_calls_that_had_no_time_say_nothing_about_the_provider(bench, failure):
    desk = bench("one")
    for _ in range(10):
        desk.fail(desk.course(), failure("provider_timeout"), hurried=True)
    assert desk.chosen(desk.course()).place == 0
    for _ in range(5):
        desk.fail(desk.course(), failure("provider_timeout"))
    assert isinstance(desk.course().choose(), float)  # the breaker is open


def test_models_of_one_provider_do_not_save_time_for_each_other(bench):
    desk = bench("one", "one")
    course = desk.course()
    assert course.alone(desk.chosen(course))
    desk = bench("one", "one", "two")
    course = desk.course()
    assert not course.alone(desk.chosen(course))


def test_after_a_429_the_next_key_is_asked_at_once_and_then_the_next_model(bench, failure):
    desk = bench("one", "two", providers={"one": (2, 10, 10)})
    course = desk.course()
    first, second = desk.fail(course, failure("rate_limit_exceeded")), desk.fail(course, failure("rate_limit_exceeded"))
    assert {first.admission.lane.key, second.admission.lane.key} == {0, 1}
    assert desk.chosen(course).place == 1


def test_without_anybody_else_a_429_is_waited_out(bench, failure):
    desk = bench("one")
    course = desk.course()
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=3.0))
    assert course.choose() == 3
    desk.clock.advance(3)
    assert desk.chosen(course).place == 0


def test_those_who_wait_for_the_same_moment_do_not_all_come_at_it(bench, failure):
    desk = bench("one", side=1.0)
    course = desk.course()
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=3.0))
    assert course.choose() == 4


@pytest.mark.parametrize("side", [0.0, 1.0])
def test_a_429_is_waited_out_where_the_deadline_allows_it(bench, failure, side):
    desk = bench("one", side=side)
    course = desk.course(deadline_s=3.5)
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=3.0))
    assert 3 <= course.choose() < 3.5


def test_a_429_that_lasts_beyond_the_deadline_is_told_at_once(bench, failure):
    desk = bench("one")
    course = desk.course(deadline_s=2.9)
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=3.0))
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert (told.value.status, told.value.retryable, told.value.retry_after_s) == (429, True, 3)


def test_a_429_that_lasts_is_told_with_the_time_to_come_back(bench, failure):
    desk = bench("one")
    course = desk.course()
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=30.0))
    with pytest.raises(ProviderError) as refused:
        course.choose()
    assert (refused.value.retryable, refused.value.retry_after_s) == (True, 30)


def test_a_429_of_hours_is_not_to_be_retried_by_a_client_that_would_do_so_at_once(bench, failure):
    desk = bench("one")
    course = desk.course()
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=7200.0))
    with pytest.raises(ProviderError) as refused:
        course.choose()
    assert not refused.value.retryable


def test_a_dead_key_gives_way_to_the_next_for_this_call_and_all_others(bench, failure):
    desk = bench("one", "two", providers={"one": (2, 10, 10)})
    course = desk.course()
    dead = desk.fail(course, failure("denied")).admission.lane.key
    assert desk.chosen(course).admission.lane.key == 1 - dead
    assert {desk.chosen(desk.course()).admission.lane.key for _ in range(4)} == {1 - dead}


def test_without_a_living_key_the_next_model_is_asked(bench, failure):
    desk = bench("one", "one", "two", providers={"one": (2, 10, 10)})
    course = desk.course()
    assert places(desk, course, [failure("denied")] * 2) == [0, 0]
    assert desk.chosen(course).place == 2


def test_a_key_that_lacks_one_permission_serves_the_other_models(bench, failure):
    desk = bench("one", "one")
    course = desk.course()
    assert places(desk, course, [failure("denied", provider_status=403)]) == [0]
    assert desk.chosen(course).place == 1


def test_a_key_that_rests_for_a_moment_is_waited_for_when_the_other_is_dead(bench, failure):
    desk = bench("one", providers={"one": (2, 10, 10)})
    course = desk.course()
    desk.fail(course, failure("rate_limit_exceeded", retry_after_s=2.0))
    desk.fail(course, failure("denied"))
    assert course.choose() == 2


def test_the_callers_own_mistake_ends_the_call(bench, failure):
    desk = bench("one", "two")
    course = desk.course()
    desk.fail(course, failure("invalid_request"))
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert (told.value.code, told.value.retryable) == ("invalid_request", False)


def test_a_model_that_the_provider_does_not_know_is_left_for_the_next(bench, failure):
    desk = bench("one", "two")
    assert places(desk, desk.course(), [failure("unknown_model"), failure()]) == [0, 1]


def test_what_a_fallback_takes_for_a_mistake_does_not_hide_the_first_failure(bench, failure):
    desk = bench("one", "two", "three")
    course = desk.course(Policy(retries=0))
    asked = [failure("overloaded"), failure("invalid_request"), failure("invalid_request")]
    assert places(desk, course, asked) == [0, 1, 2]
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert told.value.code == "overloaded"


@pytest.mark.parametrize("before", [[], ["overloaded"]])
def test_a_content_filter_is_reported_whoever_it_belongs_to(bench, failure, before):
    desk = bench("one", "two", "three")
    course = desk.course(Policy(retries=0))
    places(desk, course, [failure(code) for code in [*before, "content_policy_violation"]])
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert told.value.code == "content_policy_violation"


def test_a_content_filter_sends_the_call_elsewhere_where_the_feature_says_so(bench, failure):
    desk = bench("one", "two")
    course = desk.course(Policy(filtered_elsewhere=True))
    filtered = failure("content_policy_violation")
    assert places(desk, course, [filtered, filtered]) == [0, 1]
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert told.value is filtered


def test_when_most_calls_fail_there_are_no_retries_only_fallbacks(bench, failure):
    desk = bench("one", "two", providers={"one": (1, 10, 1)})
    assert places(desk, desk.course(), [failure()] * 3) == [0, 0, 1]


def test_a_model_that_rests_is_passed_over(bench):
    desk = bench("one", "two")
    desk.break_down(0)
    assert desk.chosen(desk.course()).place == 1


def test_the_model_that_is_back_first_is_waited_for(bench):
    desk = bench("one", "two")
    desk.break_down(0)
    desk.clock.advance(0.4)
    desk.break_down(1)
    assert desk.course().choose() == pytest.approx(0.6)


def test_a_call_waits_no_longer_in_a_row_for_a_model_that_never_comes_back(bench):
    desk = bench("one")
    desk.break_down(0)
    course, begun_s = desk.course(), desk.clock.monotonic()

    def wait_on():
        while True:
            said = course.choose()
            if isinstance(said, Choice):  # another call is faster, and it fails
                desk.health.failed(said.admission)
                desk.leave(said)
            else:
                desk.clock.advance(said)
                assert desk.clock.monotonic() - begun_s <= 10

    with pytest.raises(ProviderError) as told:
        wait_on()
    assert (told.value.code, told.value.status, told.value.retryable) == ("overloaded", 503, True)
    assert 0 < told.value.retry_after_s <= 60


def test_every_model_resting_for_long_is_said_at_once(bench, failure):
    desk = bench("one", "two")
    for number in range(2):
        admitted = desk.course().admit(number)
        desk.health.denied(admitted.admission, whole_key=True)
    with pytest.raises(ProviderError) as told:
        desk.course().choose()
    assert (told.value.code, told.value.status, told.value.retry_after_s) == ("overloaded", 503, 60)


def test_a_busy_provider_is_passed_over_and_queued_for_when_all_are_busy(bench):
    desk = bench("one", "two", providers={"one": (1, 1, 10), "two": (1, 1, 10)})
    assert [desk.chosen(desk.course()).place for _ in range(2)] == [0, 1]
    queued = desk.course().choose()
    assert (queued.place, queued.waits) == (0, True)
    assert [limiter.inside for limiter in desk.limiters.values()] == [1, 1]


def test_a_queue_that_is_too_long_sends_the_call_elsewhere(bench, failure):
    desk = bench("one", "two", providers={"one": (1, 1, 10)})
    course = desk.course()
    course.crowded(desk.chosen(course), failure("overloaded", retry_after_s=5.0))
    assert desk.chosen(course).place == 1


def test_a_crowd_everywhere_is_told_with_the_time_to_come_back(bench, failure):
    desk = bench("one", providers={"one": (1, 1, 10)})
    course = desk.course()
    course.crowded(desk.chosen(course), failure("overloaded", retry_after_s=5.0))
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert (told.value.retryable, told.value.retry_after_s) == (True, 5)


def test_a_probe_is_not_claimed_for_a_model_that_is_not_asked(bench):
    desk = bench("one", "two", providers={"one": (1, 1, 10)})
    desk.chosen(desk.course())  # takes the only place
    desk.break_down(0)
    desk.clock.advance(1)
    assert desk.chosen(desk.course()).place == 1
    assert not any(state.probing for state in desk.health.states())


def test_a_back_off_elsewhere_does_not_keep_a_claim_either(bench, failure):
    desk = bench("one", "two", providers={"one": (1, 1, 10)}, side=1.0)
    held = desk.chosen(desk.course())
    course = desk.course()
    desk.fail(course, failure())  # of `two`
    desk.break_down(0)
    desk.clock.advance(1)
    course._not_before_s = {1: desk.clock.monotonic() + 0.5}
    queued = course.choose()
    assert (queued.place, queued.waits) == (0, True)
    desk.health.released(queued.admission)
    desk.leave(held)
    assert not any(state.probing for state in desk.health.states())


def test_beside_a_slow_call_another_model_is_asked_if_one_is_free(bench):
    desk = bench("one", "two", "three", providers={"two": (1, 1, 10)})
    course = desk.course()
    first = desk.chosen(course)
    assert course.beside(first).place == 1
    assert course.beside(first).place == 2
    course.calls = 8
    assert course.beside(first) is None


def test_an_ask_that_cannot_be_put_to_the_first_model_is_refused(bench):
    desk = bench("one", "two")
    course = desk.course()
    course.cannot(desk.chosen(course), BadAskError("no such field there"))
    with pytest.raises(BadAskError):
        course.choose()


def test_a_fallback_that_cannot_be_put_the_ask_is_passed_over(bench, failure):
    desk = bench("one", "two", "three")
    course = desk.course(Policy(retries=0))
    desk.fail(course, failure())
    course.cannot(desk.chosen(course), BadAskError("no such field there"))
    assert desk.chosen(course).place == 2


def test_a_call_that_is_moved_does_not_go_where_it_was_even_if_nothing_was_sent(bench):
    desk = bench("one", "two", "three")
    course = desk.course()
    assert course.move({2})
    assert desk.chosen(course).place == 2


def test_a_call_that_cannot_be_moved_goes_on_as_before(bench, failure):
    desk = bench("one", "two")
    course = desk.course()
    assert not course.move(set())
    assert desk.chosen(course).place == 0
    wrong = desk.course()
    desk.fail(wrong, failure("context_length_exceeded"))
    assert not wrong.move(set())
    with pytest.raises(ProviderError) as told:
        wrong.choose()
    assert told.value.code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("errors", "again"),
    [(["provider_error"], True), (["provider_error"] * 2, False), (["provider_timeout"], False), (["denied"], False)],
)
def test_a_client_is_told_honestly_whether_trying_again_helps(bench, failure, errors, again):
    desk = bench("one")
    course = desk.course(Policy(retries=len(errors) - 1))
    places(desk, course, [failure(code) for code in errors])
    with pytest.raises(HeadworksError) as told:
        course.choose()
    assert told.value.retryable is again


def test_a_back_off_is_not_waited_out_for_a_model_whose_breaker_opens_meanwhile(bench, failure):
    desk = bench("one", "two", side=1.0)
    course = desk.course()
    desk.fail(course, failure())
    desk.break_down(0)
    assert desk.chosen(course).place == 1


def test_each_429_may_be_waited_out(bench, failure):
    desk = bench("one")
    course = desk.course()
    for _ in range(2):
        desk.fail(course, failure("rate_limit_exceeded", retry_after_s=6.0))
        assert course.choose() == 6
        desk.clock.advance(6)
    assert desk.chosen(course).place == 0


def test_a_fallback_whose_first_key_is_used_up_is_asked_with_its_next(bench, failure):
    desk = bench("one", "two", providers={"two": (2, 10, 10)})
    desk.break_down(0)
    course = desk.course()
    choice = desk.chosen(course)
    desk.clock.advance(1)  # the first is back
    course.calls += 1
    course.failed(choice, failure("rate_limit_exceeded"))
    assert desk.chosen(course).place == 1


def probed(desk):
    """A call that has the right to try whether the first model is back."""
    desk.break_down(0)
    desk.clock.advance(1)
    course = desk.course()
    choice = desk.chosen(course)
    assert choice.admission.probe
    return course, choice


def test_a_probe_that_shows_a_mistake_of_the_caller_leaves_the_next_to_others(bench, failure):
    desk = bench("one")
    course, choice = probed(desk)
    course.failed(choice, failure("invalid_request"))
    assert desk.chosen(desk.course()).admission.probe


def test_a_fallback_that_cannot_be_put_the_ask_does_not_refuse_it_while_the_first_model_rests(bench):
    desk = bench("one", "two")
    desk.break_down(0)
    course = desk.course()
    course.cannot(desk.chosen(course), BadAskError("no such field there"))
    assert course.choose() == 1


def test_a_first_model_that_cannot_be_put_the_ask_any_more_is_passed_over(bench, failure):
    desk = bench("one", "two")
    course = desk.course()
    desk.fail(course, failure())
    course.cannot(desk.chosen(course), BadAskError("cannot go on with this"))
    assert desk.chosen(course).place == 1


def test_one_try_is_worth_another_though_a_fallback_is_away_for_long(bench, failure):
    desk = bench("one", "two")
    course = desk.course(Policy(retries=0))
    desk.health.denied(course.admit(1).admission, whole_key=True)
    desk.fail(course, failure())
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert (told.value.retryable, told.value.retry_after_s) == (True, None)


def test_nobody_is_asked_beside_who_is_silent(bench, failure):
    desk = bench("one", "two")
    course = desk.course()
    desk.fail(course, failure("provider_timeout"))
    assert course.beside(desk.chosen(course)) is None


def test_who_has_no_room_is_not_asked_beside_and_keeps_no_claim(bench):
    desk = bench("two", "one", providers={"two": (1, 1, 10)})
    desk.chosen(desk.course())
    course = desk.course()
    beside = desk.chosen(course)
    desk.break_down(0)
    desk.clock.advance(1)
    assert (beside.place, course.beside(beside)) == (1, None)
    assert not any(state.probing for state in desk.health.states())


def test_of_three_keys_the_living_one_serves_every_call(bench):
    desk = bench("one", providers={"one": (3, 10, 10)})
    while len({state.key for state in desk.health.states()}) < 2:
        desk.health.denied(desk.course().admit(0).admission, whole_key=True)
    assert len({desk.chosen(desk.course()).admission.lane.key for _ in range(6)}) == 1


@pytest.mark.parametrize("code", TRANSIENT)
def test_a_provider_that_asks_to_be_left_alone_is_left_for_one_that_does_not(bench, failure, code):
    desk = bench("one", "two")
    course = desk.course()
    desk.fail(course, failure(code, retry_after_s=5.0))
    assert desk.chosen(course).place == 1


def test_without_another_it_is_waited_for_as_long_as_it_says(bench, failure):
    desk = bench("one")
    course = desk.course()
    desk.fail(course, failure("overloaded", retry_after_s=5.0))
    assert course.choose() == 5


def test_a_provider_that_wants_to_be_left_alone_for_long_is_told_to_the_client(bench, failure):
    desk = bench("one")
    course = desk.course()
    desk.fail(course, failure("overloaded", retry_after_s=40.0))
    with pytest.raises(ProviderError) as told:
        course.choose()
    assert (told.value.code, told.value.retryable, told.value.retry_after_s) == ("overloaded", True, 40)


def test_the_model_that_answered_is_asked_for_the_rest(bench, failure):
    desk = bench("one", "two")
    desk.break_down(0)
    course = desk.course()
    choice = desk.chosen(course)
    course.calls += 1
    course.begun(choice)
    desk.clock.advance(1)  # the first is back
    course.failed(choice, failure("provider_error"))
    assert desk.chosen(course).place == 1

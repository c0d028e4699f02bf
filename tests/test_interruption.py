import signal
import threading

import pytest

from gluon_pix2pix.interruption import Interruptions, terminations_interrupt


@pytest.fixture
def signals():
    """Put all handlers back as they were."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before):
        signal.signal(number, handler)


def test_the_first_is_noted_and_the_second_acts(signals):
    interruptions = Interruptions()
    with interruptions.held():
        signal.raise_signal(signal.SIGINT)
        assert interruptions.wished
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # outside, all is as before
        signal.raise_signal(signal.SIGINT)


def test_handlers_of_others_are_left_alone(signals):
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    interruptions = Interruptions()
    with interruptions.held():
        signal.raise_signal(signal.SIGINT)
    assert seen == [1] and not interruptions.wished


def test_other_threads_have_no_signals_to_hold():
    failed = []

    def work():
        try:
            with Interruptions().held():
                pass
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed


def test_a_program_treats_termination_alike_but_what_is_ignored_stays_so(signals):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup has it
    with terminations_interrupt():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        interruptions = Interruptions()
        with interruptions.held():
            signal.raise_signal(signal.SIGTERM)
        assert interruptions.wished
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

from lastseen.client.replies import Replies
from lastseen.shared.messages import Error


def test_an_answer_goes_to_who_asked():
    replies = Replies()
    with replies.expect() as first, replies.expect() as second:
        assert first.number != second.number
        answer = Error("c", "m", request_id=second.number)
        assert replies.take(answer)
        assert second.answer is answer
        assert second.arrived.is_set()
        assert not first.arrived.is_set()


def test_an_answer_that_comes_too_late_is_nobodys():
    replies = Replies()
    with replies.expect() as reply:
        pass
    assert not replies.take(Error("c", "m", request_id=reply.number))
    assert not replies.take(Error("c", "m"))


def test_at_the_end_everybody_is_woken_without_an_answer():
    replies = Replies()
    with replies.expect() as reply:
        replies.wake()
        assert reply.arrived.is_set()
        assert reply.answer is None

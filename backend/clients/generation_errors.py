"""Why a picture could not be made."""

from enum import StrEnum
from typing import ClassVar

from backend.errors import DomainError


class GenerationFailed(DomainError):
    """Be the base of all failures to make a picture; `retryable` says whether a later try may succeed."""

    code = "GENERATION_ERROR"
    status = 500
    retryable: ClassVar[bool] = True


class GenerationRateLimited(GenerationFailed):
    """Say that the provider wants fewer requests, and for how long."""

    code = "GENERATION_RATE_LIMIT"
    status = 429

    def __init__(self, retry_after: float) -> None:
        seconds = max(1, round(retry_after))
        super().__init__(
            f"The image model is busy. Try again in {seconds} seconds.",
            details={"retry_after_seconds": seconds},
            headers={"Retry-After": str(seconds)},
        )
        self.retry_after = retry_after


class GenerationContentPolicy(GenerationFailed):
    """Say that the provider refused what was asked for."""

    code = "GENERATION_CONTENT_POLICY"
    status = 400
    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The image model refused this request by its content policy. Change the description and try again.",
            details={"reason": reason},
        )


class GenerationTimedOut(GenerationFailed):
    """Say that no answer came within the time allowed."""

    code = "GENERATION_TIMEOUT"
    status = 504

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The image model did not answer within {seconds:.0f} seconds.", details={"timeout_seconds": seconds}
        )


class GenerationUnreachable(GenerationFailed):
    """Say that the connection to the provider failed or broke in the middle of an answer."""

    def __init__(self, cause: str) -> None:
        super().__init__("The image model could not be reached.", details={"cause": cause})


class GenerationServerFailed(GenerationFailed):
    """Say that the provider failed by its own account."""

    def __init__(self, upstream_status: int) -> None:
        super().__init__(
            f"The image model failed with status {upstream_status}.", details={"upstream_status": upstream_status}
        )


class GenerationRejected(GenerationFailed):
    """Say that the provider did not accept the request; asking again changes nothing."""

    retryable = False

    def __init__(self, upstream_status: int, reason: str) -> None:
        super().__init__(
            f"The image model did not accept the request (status {upstream_status}).",
            details={"upstream_status": upstream_status, "reason": reason},
        )


class AnswerProblem(StrEnum):
    """Name what is wrong with an answer."""

    NOT_JSON = "it is not JSON"
    NOT_AN_OBJECT = "a part that should be an object is none"
    NOT_A_LIST = "a part that should be a list is none"
    NOT_BASE64 = "its picture is not base64"
    EMPTY_PICTURE = "its picture is empty"
    NOT_DECODABLE = "its compression is broken"


class GenerationAnswerMalformed(GenerationFailed):
    """Say that the provider's answer is not what its protocol says."""

    def __init__(self, problem: AnswerProblem) -> None:
        super().__init__(f"The image model's answer could not be read: {problem}.", details={"problem": problem.value})


class GenerationAnswerTooLarge(GenerationFailed):
    """Say that the provider's answer is larger than is accepted."""

    retryable = False

    def __init__(self, limit: int) -> None:
        super().__init__("The image model's answer is too large.", details={"limit_bytes": limit})


class GenerationWithoutImage(GenerationFailed):
    """Say that the provider answered, with words but without a picture."""

    def __init__(self, text: str) -> None:
        words = text.strip()[:200]
        super().__init__(
            f"The image model answered without a picture: {words}" if words else "The image model gave no picture.",
            details={"model_text": words},
        )


class GenerationImageUnreadable(GenerationFailed):
    """Say that bytes that should be a picture cannot be decoded."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The {what} is not a readable picture.", details={"picture": what})


class GenerationInputUnreadable(GenerationImageUnreadable):
    """Say that a picture the user gave cannot be decoded; another try changes nothing."""

    retryable = False

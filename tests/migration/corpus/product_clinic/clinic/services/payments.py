"""Payments: only where they are configured."""

configured: dict[str, str] = {}


class PaymentService:
    def __init__(self, key: str) -> None:
        self.key = key

    def charge(self, amount: int) -> str:
        return f"{self.key}:{amount}"


_payments = None


def get_payment_service() -> PaymentService:  # accessor: get_payment_service global PaymentService
    global _payments
    if _payments is None:
        if "key" not in configured:
            raise RuntimeError("payments are not configured")
        _payments = PaymentService(configured["key"])
    return _payments

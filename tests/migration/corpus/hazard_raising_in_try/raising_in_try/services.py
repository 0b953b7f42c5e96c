class Payments:
    def charge(self):
        return "charged"


_payments = None
configured = False


def get_payments() -> Payments:  # accessor: get_payments global Payments
    global _payments
    if _payments is None:
        if not configured:
            raise RuntimeError("payments are not configured")
        _payments = Payments()
    return _payments

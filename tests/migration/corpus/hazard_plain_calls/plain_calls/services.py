class Prices:
    def of(self, item):
        return len(item)


_prices = None


def get_prices():  # accessor: get_prices global Prices
    global _prices
    if _prices is None:
        _prices = Prices()
    return _prices

class Stock:
    def of(self, item):
        return len(item)


_stock = None


def get_stock() -> Stock:  # accessor: get_stock global Stock
    global _stock
    if _stock is None:
        _stock = Stock()
    return _stock


class Depot:
    async def has(self, item):
        return "x" in item


_depot = None


async def get_depot() -> Depot:  # accessor: get_depot async Depot
    global _depot
    if _depot is None:
        _depot = Depot()
    return _depot

class OrderService:
    def all(self):
        from app.clients.redis import get_redis

        return get_redis()  # call: get_redis service


_order_service = None


def get_order_service():  # accessor: get_order_service global OrderService lazy=get_redis
    global _order_service
    if _order_service is None:
        _order_service = OrderService()
    return _order_service

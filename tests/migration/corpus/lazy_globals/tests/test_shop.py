from unittest.mock import patch

from shop.services import canonical
from shop.services.canonical import get_auth_service


def test_login():
    with patch("shop.routes.get_auth_service"), patch("shop.services.canonical._pdf"):
        assert get_auth_service().login() == "in"  # call: get_auth_service test
    canonical._auth_service = None

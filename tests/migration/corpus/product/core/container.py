from product.core.config import settings


class ReportService:
    def make(self):
        return 1


class Container:
    def __init__(self):
        self.database_url: str = settings.url
        self._reports = None

    @property
    def reports(self) -> ReportService:
        if self._reports is None:
            self._reports = ReportService()
        return self._reports


container = Container()  # accessor: container eager Container

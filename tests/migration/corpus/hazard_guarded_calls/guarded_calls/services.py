built = []


class Reports:
    def __init__(self):
        built.append("reports")

    def make(self):
        return "report"


_reports = None


def get_reports():  # accessor: get_reports global Reports
    global _reports
    if _reports is None:
        _reports = Reports()
    return _reports

class Weather:
    def today(self):
        return "rain"


_weather = None


def get_weather():  # accessor: get_weather global Weather
    global _weather
    if _weather is None:
        _weather = Weather()
    return _weather

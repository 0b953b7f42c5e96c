"""Sign-in through providers, through the routes and a loopback provider."""

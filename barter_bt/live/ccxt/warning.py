"""What ccxt, or the exchange behind it, does not say."""


class CcxtWarning(UserWarning):
    """Something could not be told as it is."""

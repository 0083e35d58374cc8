"""What providers charge: dated sheets of prices, `aws`, `aws-express`, `gcp`, `azure`, `none` or a file."""

from skylog.storage.prices.sheet import GB_BYTES, MONTH_S, PriceSheet, load_prices, parse_prices, sheet_names

__all__ = ["GB_BYTES", "MONTH_S", "PriceSheet", "load_prices", "parse_prices", "sheet_names"]

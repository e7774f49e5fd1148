"""Results as files: pure makers, values in and bytes out."""

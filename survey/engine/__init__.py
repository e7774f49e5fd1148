"""Where the numbers are summed: responses in, cells out."""

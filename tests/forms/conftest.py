"""A questionnaire with one item of every kind, to break in every way."""

import pytest

SMALL = """
id = "small"
version = "1"
stream = "counter"
languages = ["vi", "en"]
title = { vi = "Phiếu nhỏ", en = "A small form" }

[[scales]]
id = "good"
favourable_from = 2
not_applicable = { vi = "Không biết", en = "Do not know" }
levels = [
  { value = 1, text.vi = "Kém", text.en = "Bad" },
  { value = 2, text.vi = "Tốt", text.en = "Good" },
]

[[scales]]
id = "plain"
levels = [
  { value = 1, text.vi = "Ít", text.en = "Little" },
  { value = 2, text.vi = "Nhiều", text.en = "Much" },
]

[[blocks]]
id = "whole"
text = { vi = "Tất cả", en = "All" }

[[sections]]
id = "first"
required = true
title = { vi = "Đầu", en = "First" }
items = ["rate", "often", "sex"]

[[sections]]
id = "second"
required = false
title = { vi = "Sau", en = "Second" }
items = ["where", "words"]

[[items]]
id = "rate"
kind = "rating"
scale = "good"
not_applicable = true
text = { vi = "Thế nào?", en = "How was it?" }

[[items]]
id = "often"
kind = "rating"
scale = "plain"
text = { vi = "Mấy lần?", en = "How often?" }

[[items]]
id = "sex"
kind = "choice"
required = false
text = { vi = "Giới tính", en = "Sex" }
options = [
  { value = "nam", text.vi = "Nam", text.en = "Male" },
  { value = "nu", text.vi = "Nữ", text.en = "Female" },
]

[[items]]
id = "where"
kind = "multiple-choice"
text = { vi = "Ở đâu?", en = "Where?" }
options = [
  { value = "nha", text.vi = "Ở nhà", text.en = "At home" },
  { value = "co-quan", text.vi = "Ở cơ quan", text.en = "At the office" },
  { value = "khac", text.vi = "Nơi khác (ghi rõ)", text.en = "Elsewhere (specify)", specify = true },
]

[[items]]
id = "words"
kind = "comment"
max_length = 20
text = { vi = "Ý kiến", en = "Comment" }

[[dimensions]]
id = "quality"
block = "whole"
text = { vi = "Chất lượng", en = "Quality" }
short = { vi = "CL", en = "Q" }
items = ["rate"]

[[index.composites]]
id = "direct"
kind = "direct"
item = "rate"
text = { vi = "Trực tiếp", en = "Direct" }

[[index.composites]]
id = "blocks"
kind = "blocks"
weights = [{ of = "whole", share = 1 }]
text = { vi = "Khối", en = "Blocks" }
"""


@pytest.fixture
def small() -> str:
    return SMALL

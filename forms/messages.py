"""Every sentence this package says, in one place: the msgids of the catalogues `forms.po` and `bridges.po`.

Values are named in braces. `survey` translates a sentence first and fills it in afterwards; a test holds the catalogue
complete.
"""

from __future__ import annotations


def N_(sentence: str) -> str:  # noqa: N802 - the name that Babel's extraction looks for
    """Mark a sentence for the catalogue, leaving it as it is."""
    return sentence


# To the citizen, beside a question.
CHOOSE_ONE = N_("Choose one answer.")
CHOOSE_SOME = N_("Choose at least one answer.")
CHOOSE_ONLY_ONE = N_("Choose only one answer.")
CHOOSE_AMONG_SHOWN = N_("Choose from the answers shown.")
WRITE_ANSWER = N_("Write an answer.")
WRITE_ONLY_ONE = N_("Write this answer once.")
SHORTEN = N_("Shorten this text to {maximum} characters: it has {length}.")

# To the author of a questionnaire, about one place in the file.
MISSING = N_("missing")
UNKNOWN_KEY = N_("unknown key; the nearest one is “{nearest}”")
UNKNOWN_KEY_AMONG = N_("unknown key; the keys here are {known}")
NOT_TEXT = N_("must be a text in quotes")
NOT_FLAG = N_("must be true or false")
NOT_WHOLE_NUMBER = N_("must be a whole number")
NOT_NUMBER = N_("must be a number")
NOT_LIST = N_("must be a list")
NOT_TABLE = N_("must be a table")
NOT_DATE = N_("must be a date without quotes, such as 2026-11-22")
EMPTY = N_("is empty")
CONTROL_CHARACTER = N_("holds a control character")
NOT_PER_LANGUAGE = N_("write it once a language: {example}")
BAD_ID = N_(
    "“{value}” is not an id: a lower-case letter, then letters, digits or {joiner}, at most {longest} characters"
)
BAD_VALUE = N_("“{value}” is not a value: lower-case letters, digits, - or _, at most {longest} characters")
BAD_LANGUAGE = N_("“{value}” is not a language code such as vi, en or rad")
RESERVED_ID = N_("“{value}” has another meaning in forms and files: choose another id")
NOT_AMONG = N_("“{value}” is not one of {choices}")
OUT_OF_RANGE = N_("{value} is not between {lowest} and {highest}")
TOO_FEW = N_("needs at least {fewest}")
DUPLICATE = N_("“{value}” is used already, by {first}")
NEEDS_VIETNAMESE = N_("must have “{language}”, which other languages fall back to")
LEVELS_NOT_RISING = N_("levels must rise: {value} follows {previous}")
FAVOURABLE_NOT_A_LEVEL = N_("{value} is not one of the levels {levels}")
FAVOURABLE_IS_LOWEST = N_("{value} is the lowest level: every answer would be favourable")
UNKNOWN_SCALE = N_("no scale “{value}”; the nearest name is “{nearest}”")
UNKNOWN_ITEM = N_("no item “{value}”; the nearest name is “{nearest}”")
UNKNOWN_DIMENSION = N_("no dimension “{value}”; the nearest name is “{nearest}”")
UNKNOWN_BLOCK = N_("no block “{value}”; the nearest name is “{nearest}”")
REQUIRED_NOT_SAID = N_("say required = true or false, here or in the item's section")
IN_NO_SECTION = N_("item “{value}” is in no section, so nobody is asked it")
IN_TWO_PLACES = N_("“{value}” is in {first} already")
EMPTY_SECTION = N_("has no items: give it a title, to stand as a heading")
NOT_A_RATING = N_("item “{value}” is not a rating: an index is made of ratings")
NO_FAVOURABLE_LEVELS = N_("item “{value}” is on scale “{scale}”, which has no favourable_from")
NO_LABEL_FOR_NOT_APPLICABLE = N_("scale “{scale}” has no text not_applicable to show beside it")
SPECIFY_NAME_TAKEN = N_("the line to specify would be called “{value}”, and so is an item: rename that item")
ONE_SPECIFY = N_("only one option may ask to specify")
BLOCK_WITHOUT_DIMENSION = N_("no dimension is in block “{value}”")
WEIGHTS_NOT_ONE = N_("weights add up to {total}, not to 1")

# To the author of a bridge, about one place in the file.
YEARS_FALL = N_("ends before it begins, in {first}")
SOURCE_OF_UNVERIFIED = N_("leave it out: what is unverified (G) has no source")
UNKNOWN_CHANGE = N_("“{value}” is no kind of change that may stand here; the nearest name is “{nearest}”")
UNKNOWN_HASH = N_("no questionnaire has the hash “{value}”; there are {known}")
UNKNOWN_VERSION = N_("no questionnaire “{value}”; there are {known}")
AMBIGUOUS_VERSION = N_("{count} questionnaires are “{value}”: name the one you mean by its hash")
SAME_QUESTIONNAIRE = N_("old and new are the same questionnaire, which compares with itself")
DECIDED_ALREADY = N_("“{value}” between these two questionnaires is decided already, by {first}")
IN_SPITE_WITHOUT_COMPARABLE = N_("belongs only to a decision that a dimension is comparable")
NOT_SET_ASIDE = N_("also changed: {kinds}; a decision must name every kind of change that it sets aside")
NOTHING_TO_SET_ASIDE = N_("nothing of this kind changed: {kinds}")
NO_BRIDGE_OVER = N_("no decision can set this aside: {kinds}")

# To the author, about the file as a whole.
BAD_TOML = N_("not TOML: {reason}")
BAD_JSON = N_("not JSON: {reason}")
NOT_UTF8 = N_("not UTF-8 at byte {position}: save the file as UTF-8")
UNREADABLE = N_("cannot be read: {reason}")
NO_SUCH_QUESTIONNAIRE = N_("no questionnaire of that name; there are {known}")
NOT_A_QUESTIONNAIRE = N_("{source} is not a questionnaire, in {count} places:\n{listing}")
NO_SUCH_BRIDGE = N_("no bridge of that name; there are {known}")
NOT_A_BRIDGE = N_("{source} is not a bridge between questionnaires, in {count} places:\n{listing}")

# To the reader of a trend: why figures of two questionnaires do not compare.
STREAM_CHANGED = N_("The stream changed: {before} before, {now} now.")
POPULATION_CHANGED = N_("Who is asked changed: {before} before, {now} now.")
ITEMS_CHANGED = N_("The items of the dimension {dimension} changed: {added} added, {removed} removed.")
WORDING_CHANGED = N_("The wording changed of {items}.")
SCALE_CHANGED = N_("The scale changed of {items}.")
NOT_APPLICABLE_CHANGED = N_("The answer beside the scale, such as “does not apply”, changed for {items}.")
REQUIRED_CHANGED = N_("Whether an answer is required changed for {items}.")
DIMENSION_MISSING = N_("The earlier questionnaire has no dimension {dimension}.")
COMPOSITE_MISSING = N_("The earlier questionnaire has no composite {composite}.")
RULE_KIND_CHANGED = N_("The rule of the composite {composite} changed: {before} before, {now} now.")
RULE_PARTS_CHANGED = N_("What the composite {composite} is made of, or its weights, changed: {parts}.")
DECIDED_COMPARABLE = N_("Comparable by a decision about {dimension} of {decided_by}, {date} ({source}): {why}")
DECIDED_NOT_COMPARABLE = N_("Not comparable by a decision about {dimension} of {decided_by}, {date} ({source}): {why}")

# The same, of the national survey, of which only published results are known.
NATIONAL_POPULATION_CHANGED = N_("The people asked changed: {before} before, {after} after.")
NATIONAL_ITEMS_CHANGED = N_("The content asked about changed: {before} before, {after} after.")
NATIONAL_DIMENSIONS_CHANGED = N_("The dimensions changed: {before} before, {after} after.")
NATIONAL_SCALE_CHANGED = N_("The scale changed: {before} before, {after} after.")
UNITS_CHANGED = N_("The administrative units changed in {year}: {what}")
SAMPLING_CHANGED = N_("The sampling changed in {year}: {what}")
NO_SUCH_YEAR = N_("no questionnaire of this series is known for {year}: choose among {known}")
NO_SUCH_INSTRUMENT = N_("no questionnaire “{value}” in this series: choose among {known}")

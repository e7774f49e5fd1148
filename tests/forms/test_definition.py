"""Questions that the rest of the toolkit puts to a questionnaire."""

import pytest

from forms.definition import CompositeKind, Questionnaire, Text
from forms.loading import DefinitionError, from_toml


@pytest.fixture
def questionnaire(small: str) -> Questionnaire:
    return from_toml(small, source="small.toml")


def test_a_text_speaks_the_nearest_language_it_has():
    text = Text((("vi", "Xã"), ("en", "Commune"), ("pt-BR", "Comuna")))
    spoken = {locale: text.localised(locale) for locale in ("vi", "en", "en-GB", "en_US", "pt-BR", "pt", "rad", "")}
    assert spoken == {
        "vi": "Xã",
        "en": "Commune",
        "en-GB": "Commune",
        "en_US": "Commune",
        "pt-BR": "Comuna",
        "pt": "Xã",
        "rad": "Xã",
        "": "Xã",
    }
    assert dict(text) == {"vi": "Xã", "en": "Commune", "pt-BR": "Comuna"}
    with pytest.raises(KeyError):
        text["rad"]


def test_favourable_levels_are_those_from_the_bound_upwards(questionnaire):
    assert questionnaire.favourable("rate") == {2}
    assert questionnaire.favourable("often") == frozenset()


def test_only_ratings_have_a_scale(questionnaire):
    assert [item.id for item in questionnaire.rating_items] == ["rate", "often"]
    with pytest.raises(KeyError):
        questionnaire.scale_of("words")
    with pytest.raises(KeyError):
        questionnaire.item("nowhere")


def test_a_rating_knows_its_dimension(questionnaire):
    assert [item.dimension for item in questionnaire.rating_items] == ["quality", None]


def test_what_can_be_answered_is_named_in_the_order_of_the_page(questionnaire):
    assert questionnaire.answer_ids == ("rate", "often", "sex", "where", "where_khac", "words")


def test_a_questionnaire_cannot_be_changed(questionnaire):
    with pytest.raises(AttributeError):
        questionnaire.version = "2"
    with pytest.raises(AttributeError):
        questionnaire.items[0].required = False


def test_weights_can_be_fixed_by_dimension(small: str):
    fixed = small.replace('kind = "blocks"', 'kind = "fixed"').replace('of = "whole"', 'of = "quality"')
    composite = from_toml(fixed, source="fixed.toml").index.composites[1]
    assert composite.kind is CompositeKind.FIXED
    assert [(weight.of, weight.share) for weight in composite.weights] == [("quality", 1.0)]
    with pytest.raises(DefinitionError, match="no dimension “qualty”; the nearest name is “quality”"):
        from_toml(fixed.replace('of = "quality"', 'of = "qualty"'), source="fixed.toml")


def test_a_composite_without_weights_says_so(small: str):
    with pytest.raises(DefinitionError, match=r"index\.composites\[1\]\.weights: needs at least 1"):
        from_toml(small.replace('weights = [{ of = "whole", share = 1 }]\n', ""), source="light.toml")


def test_weights_can_be_left_to_drivers_of_a_question(small: str):
    by_drivers = small.replace(
        'kind = "blocks"\nweights = [{ of = "whole", share = 1 }]',
        'kind = "drivers"\nitem = "rate"\ndimensions = ["quality"]',
    )
    composite = from_toml(by_drivers, source="drivers.toml").index.composites[1]
    assert (composite.kind, composite.item, composite.dimensions) == (CompositeKind.DRIVERS, "rate", ("quality",))
    with pytest.raises(DefinitionError, match=r"index\.composites\[1\]\.item: no item “rat”"):
        from_toml(by_drivers.replace('item = "rate"\ndimensions', 'item = "rat"\ndimensions'), source="drivers.toml")

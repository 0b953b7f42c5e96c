from backend.db.tables.generation import ASSET_TYPES
from backend.services.generation.asset_types import ASSET_SPECS, AssetType
from backend.services.generation.prompt_engine import PromptEngine


def test_every_asset_type_is_in_the_registry() -> None:
    assert set(ASSET_SPECS) == set(AssetType)


def test_the_database_accepts_exactly_the_asset_types_of_the_registry() -> None:
    assert set(ASSET_TYPES) == {asset_type.value for asset_type in AssetType}


def test_every_asset_type_has_a_prompt_without_any_words(prompts: PromptEngine) -> None:
    for asset_type in AssetType:
        assert asset_type.value in prompts.build_no_brand(asset_type)


def test_sizes_are_those_platforms_ask_for() -> None:
    sizes = {asset_type.value: asset_type.spec.size for asset_type in AssetType}

    assert sizes["thumbnail"] == sizes["youtube_thumbnail"] == (1280, 720)
    assert sizes["overlay"] == sizes["twitch_offline"] == (1920, 1080)
    assert sizes["banner"] == sizes["twitch_banner"] == (1200, 480)
    assert sizes["story_graphic"] == sizes["tiktok_story"] == sizes["instagram_reel"] == (1080, 1920)
    assert sizes["clip_cover"] == (1080, 1080)
    assert sizes["twitch_badge"] == (72, 72)
    assert sizes["twitch_panel"] == (320, 160)
    assert sizes["profile_picture"] == sizes["streamer_logo"] == sizes["logo"] == (512, 512)


def test_an_emote_is_delivered_in_all_sizes_largest_first() -> None:
    delivered = [size.spec.width for size in AssetType.TWITCH_EMOTE.spec.size_set]
    assert delivered == [112, 56, 28]
    assert [size.spec.width for size in AssetType.TIKTOK_EMOTE.spec.size_set] == [300, 200, 100]


def test_an_emote_is_drawn_larger_than_it_is_delivered() -> None:
    assert AssetType.TWITCH_EMOTE.spec.render_size == (512, 512)
    assert AssetType.TWITCH_EMOTE_28.spec.render_size == (28, 28)


def test_a_shape_is_given_in_lowest_terms() -> None:
    assert AssetType.THUMBNAIL.spec.aspect_ratio == "16:9"
    assert AssetType.BANNER.spec.aspect_ratio == "5:2"

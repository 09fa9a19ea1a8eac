from pathlib import Path

from headrace.settings import Settings, settings_table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_made_from_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_table()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())

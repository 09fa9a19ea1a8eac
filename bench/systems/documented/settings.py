"""The settings of both programs, from the environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`DOCUMENTED_DATABASE_URL` and `DOCUMENTED_REDIS_URL`."""

    model_config = SettingsConfigDict(env_prefix="DOCUMENTED_")

    database_url: str
    redis_url: str

"""Secrets from files: `SHIJING_MQTT_PASSWORD_FILE=/run/secrets/mqtt` gives what SHIJING_MQTT_PASSWORD would."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from config.errors import ConfigError

_LONGEST = 65_536  # bytes; a device file would never end


class SecretFiles(PydanticBaseSettingsSource):
    """Reads each SecretStr of a settings class from the file that its variable with `_FILE` names.

    Raises ConfigError for a file that cannot be read or is empty, and where variable and file are both set.
    """

    def __init__(self, settings: type[BaseSettings], environment: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._environment = {name.upper(): value for name, value in environment.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret of one field, None where no file is named."""
        variable = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        named = self._environment.get(f"{variable}_FILE", "")
        if field.annotation is not SecretStr or not named:
            return None, field_name, False
        if self._environment.get(variable):
            raise ConfigError(f"{variable} and {variable}_FILE are both set: keep one of them")
        return _read(f"{variable}_FILE", Path(named)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All secrets that files are named for."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: secret for name, secret in found.items() if secret is not None}


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            secret = file.read(_LONGEST).decode().strip()
    except OSError as error:
        raise ConfigError(f"{variable}={path}: {error.strerror}: mend the path, or who may read it") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{variable}={path}: it is not UTF-8 text: write the secret alone into it") from None
    if not secret:
        raise ConfigError(f"{variable}={path}: the file is empty: write the secret into it")
    return secret

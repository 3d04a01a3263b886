"""A provider's sentence never shows the gateway's key, whole or cut to length in the middle of it."""

import pytest

from headworks.dialects.errors import provider_failure, provider_sentence
from headworks.providers.link import Link
from headworks.providers.secrets import hide_secrets

SECRET = "Zq0123456789abcdefghij"
LINK = Link(name="p", dialect="openai", base_url="http://127.0.0.1:1", keys=(SECRET,))


@pytest.mark.parametrize("before", range(470, 500))
def test_no_beginning_of_a_key_survives_the_cut(before):
    error = provider_failure(401, provider_sentence("x" * before + SECRET + "y" * 100))
    hide_secrets(error, LINK)
    assert SECRET[:6] not in error.message
    assert SECRET[:6] not in str(error)

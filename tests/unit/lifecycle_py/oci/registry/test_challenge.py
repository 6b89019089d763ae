"""What registries ask for with a 401, and what tokens are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_py.oci.errors import RegistryAnswerError
from lifecycle_py.oci.registry.challenge import Challenge, merge_scopes, parse_challenges, preferred
from lifecycle_py.oci.registry.credentials import Credentials
from lifecycle_py.oci.registry.tokens import TokenCache, check_realm, read_token, token_request


def test_several_challenges_in_one_header() -> None:
    """Quoted commas belong to their value; the token is preferred."""
    header = 'Basic realm="a, b", Bearer realm="https://auth.example/token",service=x,scope="repository:a:pull,push",error=""'

    challenges = parse_challenges(header)

    assert ["basic", "bearer"] == [one.scheme for one in challenges]
    assert {"realm": "a, b"} == challenges[0].parameters
    bearer = preferred(challenges)
    assert bearer is not None
    assert ("https://auth.example/token", "x") == (bearer.parameters["realm"], bearer.parameters["service"])
    assert "repository:a:pull,push" == bearer.parameters["scope"]


@pytest.mark.parametrize("header", ["", "Negotiate", "Bearer", "Bearer service=x", "=", '"'])
def test_what_cannot_be_answered(header: str) -> None:
    """A token without a place to get it is none."""
    assert None is preferred(parse_challenges(header))


@given(st.text(max_size=80))
def test_any_header_is_read(header: str) -> None:
    """A registry's nonsense is no crash."""
    parse_challenges(header)


def test_scopes_are_merged() -> None:
    """One scope per thing."""
    scopes = ["repository:b:pull", "repository:a:push,pull", "repository:b:push,pull", "aws"]

    assert ("aws", "repository:a:pull,push", "repository:b:pull,push") == merge_scopes(scopes)


def test_rights_of_another_repository_are_not_asked_for() -> None:
    """A host's challenge is kept, but it was made for the repository of that request."""
    asked = "repository:earlier:pull repository:b:pull,push aws"
    challenge = Challenge(scheme="bearer", parameters={"realm": "https://a.example/t", "scope": asked})

    request = token_request(challenge, ["repository:b:pull"], None)

    assert "https://a.example/t?scope=aws&scope=repository%3Ab%3Apull%2Cpush" == request.url


def test_a_token_is_asked_for_with_several_scopes() -> None:
    """Own parameters of the realm are kept; the password goes into a header."""
    challenge = Challenge(scheme="bearer", parameters={"realm": "https://a.example/t?x=1", "service": "s"})
    request = token_request(challenge, ["repository:b:pull", "repository:a:pull,push"], Credentials(username="u"))

    scopes = "scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull"
    assert f"https://a.example/t?x=1&service=s&{scopes}" == request.url
    assert {"Authorization": "Basic dTo="} == request.headers


def test_an_identity_token_is_traded_in_a_form() -> None:
    """It stands in no URL."""
    challenge = Challenge(scheme="bearer", parameters={"realm": "https://a.example/t", "service": "s"})

    request = token_request(challenge, ["repository:b:pull"], Credentials(identity_token="i"))  # noqa: S106

    assert request.body is not None
    assert ("POST", "https://a.example/t") == (request.method, request.url)
    form = b"grant_type=refresh_token&service=s&client_id=offramp&scope=repository%3Ab%3Apull&refresh_token=i"
    assert [form] == list(request.body())


@pytest.mark.parametrize(
    ("base", "realm"),
    [
        ("https://ghcr.io", "http://ghcr.io/token"),
        ("https://ghcr.io", "https://169.254.169.254/latest"),
        ("https://ghcr.io", "https://localhost/token"),
        ("https://ghcr.io", "file:///etc/passwd"),
        ("https://ghcr.io", "nonsense"),
    ],
)
def test_no_password_goes_where_it_must_not(base: str, realm: str) -> None:
    """A registry cannot make us ask the inside of our network."""
    with pytest.raises(RegistryAnswerError, match="where to get a token"):
        check_realm(base, Challenge(scheme="bearer", parameters={"realm": realm}))


def test_a_token_is_refreshed_before_its_end() -> None:
    """By the clock given."""
    now = [0.0]
    tokens = TokenCache(lambda: now[0])
    tokens.put("h", ["a", "b"], "t", 60)

    assert "t" == tokens.get("h", ["b", "a"])
    assert "" == tokens.get("h", ["a"])
    now[0] = 46
    assert "" == tokens.get("h", ["a", "b"])


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"token": ""}', b'{"token": "a\\nb"}', b'{"expires_in": "x"}'])
def test_a_token_that_is_none_is_told(data: bytes) -> None:
    """It would become a header."""
    with pytest.raises(RegistryAnswerError):
        read_token("h", data)


def test_both_names_of_a_token_are_read() -> None:
    """Its life has a default."""
    assert ("t", 60.0) == read_token("h", b'{"access_token": "t"}')
    assert ("t", 300.0) == read_token("h", b'{"token": "t", "expires_in": 300}')

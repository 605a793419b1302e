"""RO-Crates judged by roc-validator, without a network."""

import io
import json
from pathlib import Path
from unittest import mock

import requests
import rocrate
from requests.adapters import HTTPAdapter
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings

PROFILES = ("ro-crate-1.1", "process-run-crate-0.5", "workflow-run-crate-0.5")
# The terms of RO-Crate 1.1 that the library's copy of the context, that of 1.3, has elsewhere.
TERMS = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/properties/input",
    "output": "https://bioschemas.org/properties/output",
}


def problems_of(crate: Path, profile: str) -> list[str]:
    """Return what the validator finds wrong with a crate, by the profile's requirements."""
    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier=profile,
        requirement_severity=Severity.REQUIRED,
        no_cache=True,
    )
    with mock.patch.object(HTTPAdapter, "send", _send):
        result = services.validate(settings)
    return [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()]


def _send(_adapter, request, **_settings):
    """Answer a request for the context; refuse all others."""
    assert request.url == "https://w3id.org/ro/crate/1.1/context"
    context = json.loads((Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_text())
    context["@context"] |= TERMS
    response = requests.Response()
    response.status_code, response.url, response.request = 200, request.url, request
    response.headers["Content-Type"] = "application/ld+json"
    response.raw = io.BytesIO(json.dumps(context).encode())
    return response

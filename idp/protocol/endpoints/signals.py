"""The endpoints of the Shared Signals transmitter (SSF 1.0 §8, RFC 8936 §2): the configuration, status, subjects and
verification of a stream, and its events for a receiver that polls.

A receiver is a client with an access token of its own; ``ssf.manage`` may do everything, ``ssf.read`` looks and polls.
"""

from collections.abc import Callable
from typing import Any, Final

from idp.foundation.errors import ProtocolError
from idp.foundation.settings import Settings
from idp.protocol.endpoints.bearer import Refusal, calling_client
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import NO_STORE, Answer, Request, error_answer, json_answer, parse_json
from idp.registry.client import Client
from idp.signals.ssf.poll import PollRequest
from idp.signals.ssf.rules import Unacceptable
from idp.signals.ssf.service import POLL_PATH
from idp.signals.ssf.values import POLL_METHOD, PUSH_METHOD, Stream

MANAGE, READ = "ssf.manage", "ssf.read"
CONFIGURATION_PATH: Final = "/.well-known/ssf-configuration"
_EMPTY = Answer(204, b"", NO_STORE)
_UNKNOWN = error_answer(ProtocolError("not_found", "There is no such stream.", status=404))

Action = Callable[[Request, EndpointParts, Client], Answer]


def transmitter_metadata(settings: Settings) -> dict[str, Any]:
    """Return the transmitter configuration metadata (SSF 1.0 §7.1)."""
    issuer = settings.issuer
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks.json",
        "delivery_methods_supported": [PUSH_METHOD, POLL_METHOD],
        "configuration_endpoint": issuer + STREAM.path,
        "status_endpoint": issuer + STATUS.path,
        "add_subject_endpoint": issuer + ADD_SUBJECT.path,
        "remove_subject_endpoint": issuer + REMOVE_SUBJECT.path,
        "verification_endpoint": issuer + VERIFY.path,
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }


def _endpoint(path: str, **actions: tuple[tuple[str, ...], Action]) -> Endpoint:
    """Return an endpoint whose methods each need one of their scopes."""

    def answer(request: Request, parts: EndpointParts) -> Answer:
        scopes, action = actions[request.method]
        client = calling_client(request, parts, *scopes)
        if isinstance(client, Refusal):
            return client.answer
        try:
            return action(request, parts, client)
        except Unacceptable as problem:
            return error_answer(ProtocolError("invalid_request", str(problem)))
        except ProtocolError as error:
            return error_answer(error)

    return Endpoint(path, frozenset(actions), None, answer, takes_json=True)


def _read(request: Request, parts: EndpointParts, client: Client) -> Answer:
    streams, reference = parts.transmitter.streams, request.query.get("stream_id")
    if reference is None:
        stream = streams.find(client)
        return json_answer(200, [] if stream is None else [streams.configuration(stream)])
    stream = _named(reference, parts, client)
    return _UNKNOWN if stream is None else json_answer(200, streams.configuration(stream))


def _create(request: Request, parts: EndpointParts, client: Client) -> Answer:
    streams = parts.transmitter.streams
    stream = streams.create(client, parse_json(request.body))
    if stream is None:
        return error_answer(ProtocolError("conflict", "The client has a stream already.", status=409))
    return json_answer(201, streams.configuration(stream))


def _update(request: Request, parts: EndpointParts, client: Client) -> Answer:
    return _change(request, parts, client, is_complete=False)


def _replace(request: Request, parts: EndpointParts, client: Client) -> Answer:
    return _change(request, parts, client, is_complete=True)


def _change(request: Request, parts: EndpointParts, client: Client, *, is_complete: bool) -> Answer:
    streams, body = parts.transmitter.streams, parse_json(request.body)
    _reference_in(body)
    stream = streams.change(client, body, is_complete=is_complete)
    return _UNKNOWN if stream is None else json_answer(200, streams.configuration(stream))


def _delete(request: Request, parts: EndpointParts, client: Client) -> Answer:
    reference = request.query.get("stream_id")
    if reference is None:
        raise ProtocolError("invalid_request", "The stream_id is missing.")
    return _EMPTY if parts.transmitter.streams.delete(client, reference) else _UNKNOWN


def _read_status(request: Request, parts: EndpointParts, client: Client) -> Answer:
    reference = request.query.get("stream_id")
    if reference is None:
        raise ProtocolError("invalid_request", "The stream_id is missing.")
    stream = _named(reference, parts, client)
    return _UNKNOWN if stream is None else json_answer(200, _status_of(stream))


def _set_status(request: Request, parts: EndpointParts, client: Client) -> Answer:
    body = parse_json(request.body)
    stream = _stream_in(body, parts, client)
    status, reason = body.get("status"), body.get("reason")
    if not isinstance(status, str) or not (reason is None or isinstance(reason, str)):
        raise ProtocolError("invalid_request", "status and reason must be texts.")
    if stream is None:
        return _UNKNOWN
    changed = parts.transmitter.streams.set_status(stream, status, actor=f"client:{client.client_id}", reason=reason)
    return _UNKNOWN if changed is None else json_answer(200, _status_of(changed))


def _status_of(stream: Stream) -> dict[str, str]:
    reason = stream.status_reason or stream.last_error
    return {"stream_id": stream.reference, "status": stream.status, **({"reason": reason} if reason else {})}


def _add_subject(request: Request, parts: EndpointParts, client: Client) -> Answer:
    body = parse_json(request.body)
    stream = _stream_in(body, parts, client)
    if stream is None:
        return _UNKNOWN
    parts.transmitter.streams.set_subject(client, stream, body.get("subject"), is_included=True)
    return Answer(200, b"", NO_STORE)


def _remove_subject(request: Request, parts: EndpointParts, client: Client) -> Answer:
    body = parse_json(request.body)
    stream = _stream_in(body, parts, client)
    if stream is None:
        return _UNKNOWN
    parts.transmitter.streams.set_subject(client, stream, body.get("subject"), is_included=False)
    return _EMPTY


def _verify(request: Request, parts: EndpointParts, client: Client) -> Answer:
    body = parse_json(request.body)
    stream = _stream_in(body, parts, client)
    if stream is None:
        return _UNKNOWN
    wait = parts.transmitter.streams.verify(stream, body.get("state"))
    if wait:
        error = ProtocolError("too_many_requests", "Verification was asked for a moment ago.", status=429)
        return error_answer(error, headers=(("Retry-After", str(wait)),))
    return _EMPTY


def _poll(request: Request, parts: EndpointParts, client: Client) -> Answer:
    stream = _named(request.query.get("stream_id") or "", parts, client)
    if stream is None or stream.method != "poll":
        return _UNKNOWN
    polled = parts.transmitter.poll.answer(client, stream, PollRequest.parse(parse_json(request.body or b"{}")))
    return json_answer(200, {"sets": polled.sets, **({"moreAvailable": True} if polled.is_more else {})})


def _reference_in(body: dict[str, Any]) -> str:
    reference = body.get("stream_id")
    if not isinstance(reference, str):
        raise ProtocolError("invalid_request", "The stream_id is missing.")
    return reference


def _stream_in(body: dict[str, Any], parts: EndpointParts, client: Client) -> Stream | None:
    return _named(_reference_in(body), parts, client)


def _named(reference: str, parts: EndpointParts, client: Client) -> Stream | None:
    """Return the client's stream of that name; whoever asks for it shows that its receiver is still there."""
    stream = parts.transmitter.streams.find(client, reference)
    if stream is not None:
        parts.transmitter.streams.note_activity(stream)
    return stream


STREAM = _endpoint(
    "/ssf/stream",
    GET=((READ, MANAGE), _read),
    POST=((MANAGE,), _create),
    PATCH=((MANAGE,), _update),
    PUT=((MANAGE,), _replace),
    DELETE=((MANAGE,), _delete),
)
STATUS = _endpoint("/ssf/status", GET=((READ, MANAGE), _read_status), POST=((MANAGE,), _set_status))
ADD_SUBJECT = _endpoint("/ssf/subjects/add", POST=((MANAGE,), _add_subject))
REMOVE_SUBJECT = _endpoint("/ssf/subjects/remove", POST=((MANAGE,), _remove_subject))
VERIFY = _endpoint("/ssf/verify", POST=((MANAGE,), _verify))
POLL = _endpoint(POLL_PATH, POST=((READ, MANAGE), _poll))
SIGNAL_ENDPOINTS = (STREAM, STATUS, ADD_SUBJECT, REMOVE_SUBJECT, VERIFY, POLL)

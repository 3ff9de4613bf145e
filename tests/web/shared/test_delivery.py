"""How pages and static files travel: compressed, hashed, cached, and small enough for the first round trip."""

import gzip
import re

import pytest

from idp.web.shared.compression import gzip_bytes
from idp.web.shared.static import Assets

GZIP = {"Accept-Encoding": "gzip, br"}
FIRST_WINDOW = 14 * 1024
LARGEST_STYLE = 7 * 1024
LARGEST_SCRIPT = 2 * 1024


def test_first_sign_in_page_with_style_and_script_fits_the_first_window(visitor):
    page = visitor.get(f"/login?i={'Zm9v' * 150}", headers=GZIP)
    text = gzip.decompress(page.data).decode()
    files = re.findall(r'(?:href|src)="(/assets/[^"]+)"', text)
    assert len(files) == 2
    sizes = [len(visitor.get(path, headers=GZIP).data) for path in files]
    headers = sum(len(name) + len(value) + 4 for name, value in page.headers)
    assert len(page.data) + headers + sum(sizes) <= FIRST_WINDOW


def test_style_and_script_stay_small(visitor):
    assert len(visitor.get("/assets/idp.css", headers=GZIP).data) < LARGEST_STYLE
    assert len(visitor.get("/assets/idp.js", headers=GZIP).data) < LARGEST_SCRIPT


def test_favicon_costs_no_request(visitor):
    assert '<link rel="icon" href="data:image/svg+xml,' in visitor.get("/login").text


def test_page_is_compressed_for_who_takes_it(visitor):
    plain, packed = visitor.get("/login"), visitor.get("/login", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.data))
    assert "Accept-Encoding" in packed.headers["Vary"] == plain.headers["Vary"]
    assert gzip.decompress(packed.data).decode().startswith("<!doctype html>")
    assert "Content-Encoding" not in visitor.get("/login", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_length_of_one_page_varies_so_that_it_tells_nothing(visitor):
    visitor.get("/login/expired")
    lengths = {len(visitor.get("/login/expired", headers=GZIP).data) for _ in range(20)}
    assert len(lengths) > 5


def test_small_and_machine_responses_are_left_alone(visitor):
    assert "Content-Encoding" not in visitor.get("/machine", headers=GZIP).headers


@pytest.mark.parametrize("padding", [b"", b"-", b"-" * 31])
def test_padded_gzip_is_still_gzip(padding):
    assert gzip.decompress(gzip_bytes(b"hello" * 100, level=6, padding=padding)) == b"hello" * 100


def test_hashed_file_is_kept_for_ever_and_a_wrong_hash_is_not_found(visitor):
    url = Assets().url("idp.css")
    assert re.fullmatch(r"/assets/idp\.[0-9a-f]{10}\.css", url)
    response = visitor.get(url)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.content_type == "text/css; charset=utf-8"
    assert visitor.get("/assets/idp.0000000000.css").status_code == 404
    assert visitor.get("/assets/..%2fidp.js").status_code == 404


def test_plain_name_is_asked_for_again_each_time(visitor):
    first = visitor.get("/assets/idp.css")
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = visitor.get("/assets/idp.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_static_file_is_compressed_beforehand(visitor):
    packed = visitor.get(Assets().url("idp.js"), headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == visitor.get(Assets().url("idp.js")).data


def test_style_sheet_draws_the_seal_colour_for_seal_and_rule_only(visitor):
    style = visitor.get("/assets/idp.css").text
    uses = [line for line in style.splitlines() if "var(--seal)" in line]
    assert all(line.lstrip().startswith((".seal", "border-block-end:3px", ".issuer")) for line in uses), uses

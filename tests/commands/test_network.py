"""``idp network``: loading the table of networks from a file."""

HEAD = "network,country,region,latitude,longitude,operator,asn\n"


def test_a_table_is_loaded_shown_and_asked(idp, tmp_path):
    file = tmp_path / "networks.csv"
    file.write_text("\ufeff" + HEAD + "203.0.113.0/24,CN,湖北,30.6,114.3,中国电信,4134\n", encoding="utf-8")
    assert "No table" in idp("network", "status").stdout
    assert "1 networks of networks.csv are in force" in idp("network", "load", str(file)).stdout
    assert "networks.csv" in idp("network", "status").stdout
    assert idp("network", "find", "203.0.113.7").stdout.strip() == "湖北, CN, 中国电信, AS4134"
    missing = idp("network", "find", "192.0.2.1")
    assert (missing.status, "192.0.2.1" in missing.stderr) == (1, True)


def test_a_bad_file_is_refused_with_the_numbers_of_its_lines(idp, tmp_path):
    file = tmp_path / "networks.csv"
    file.write_text(HEAD + "203.0.113.0/24,CN,x,0,0,,\nnonsense,CN,x,0,0,,\n", encoding="utf-8")
    refused = idp("network", "load", str(file))
    assert refused.status == 1
    assert "line 3: network must be a range" in refused.stderr
    assert "the table stays as it was" in refused.stderr
    file.write_bytes(HEAD.encode() + b"\xff\xfe")
    refused = idp("network", "load", str(file))
    assert "UTF-8" in refused.stderr
    assert "Traceback" not in refused.stderr

"""The tree against published vectors, and against the RFC's own recursive definitions written out here."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.services import receipt_tree

# transparency-dev/merkle 77f1b57d, testonly/constants.go: LeafInputs and RootHashes (those of Google's C++ reference
# implementation of Certificate Transparency, merkle_tree_test.cc).
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Proofs for the eight entries, as transparency-dev/merkle's verifier and Android's libavb_aftl test theirs.
PATHS = {
    0: [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    5: [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
HASHED = [receipt_tree.leaf_hash(entry) for entry in ENTRIES]


def sha(data):
    return hashlib.sha256(data).digest()


def split(count):
    """The largest power of two smaller than `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree_hash(entries):
    """MTH of RFC 9162, 2.1.1, from the entries themselves."""
    if len(entries) < 2:
        return sha(b"\x00" + entries[0]) if entries else sha(b"")
    k = split(len(entries))
    return sha(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:]))


def inclusion(place, entries):
    """PATH of RFC 9162, 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if place < k:
        return [*inclusion(place, entries[:k]), tree_hash(entries[k:])]
    return [*inclusion(place - k, entries[k:]), tree_hash(entries[:k])]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_implementations(size):
    assert receipt_tree.root(HASHED[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("place", PATHS)
def test_paths_are_those_of_the_reference_implementations(place):
    path = [bytes.fromhex(step) for step in PATHS[place]]
    assert receipt_tree.path(HASHED, place) == path
    assert receipt_tree.root_by_path(HASHED[place], place=place, size=8, path=path).hex() == ROOTS[8]


def test_every_tree_and_every_path_up_to_seventy_leaves_is_the_rfc_s():
    for size in range(1, 71):
        entries = [bytes([size, number]) for number in range(size)]
        leaves = [receipt_tree.leaf_hash(entry) for entry in entries]
        root = tree_hash(entries)
        assert receipt_tree.root(leaves) == root
        for place in range(size):
            path = inclusion(place, entries)
            assert receipt_tree.path(leaves, place) == path
            assert receipt_tree.root_by_path(leaves[place], place=place, size=size, path=path) == root


lists = st.lists(st.binary(max_size=60), min_size=1, max_size=200, unique=True)


@given(lists, st.data())
def test_every_leaf_of_any_list_is_proved_by_its_path(entries, data):
    leaves = [receipt_tree.leaf_hash(entry) for entry in entries]
    place = data.draw(st.integers(0, len(leaves) - 1))
    path = receipt_tree.path(leaves, place)
    reached = receipt_tree.root_by_path(leaves[place], place=place, size=len(leaves), path=path)
    assert reached == tree_hash(entries)
    assert len(path) <= (len(leaves) - 1).bit_length()


@given(lists, st.data())
def test_another_leaf_or_step_does_not_lead_to_the_root(entries, data):
    leaves = [receipt_tree.leaf_hash(entry) for entry in entries]
    place = data.draw(st.integers(0, len(leaves) - 1))
    way = [leaves[place], *receipt_tree.path(leaves, place)]
    which, bit = data.draw(st.integers(0, len(way) - 1)), data.draw(st.integers(0, 255))
    way[which] = (int.from_bytes(way[which]) ^ 1 << bit).to_bytes(32)
    assert receipt_tree.root_by_path(way[0], place=place, size=len(leaves), path=way[1:]) != tree_hash(entries)


@given(lists, st.data())
def test_a_path_is_good_for_one_place_and_length_only(entries, data):
    leaves = [receipt_tree.leaf_hash(entry) for entry in entries]
    place = data.draw(st.integers(0, len(leaves) - 1))
    path = receipt_tree.path(leaves, place)
    root = tree_hash(entries)
    for wrong in (path[:-1], [*path, root]):
        if wrong != path:
            assert receipt_tree.root_by_path(leaves[place], place=place, size=len(leaves), path=wrong) != root
    elsewhere = data.draw(st.integers(-1, len(leaves)).filter(lambda other: other != place))
    assert receipt_tree.root_by_path(leaves[place], place=elsewhere, size=len(leaves), path=path) != root


def test_an_inner_node_does_not_pass_for_a_leaf():
    # Without the two prefixes the pair of the first two leaves' hashes would be an entry of the list.
    pair = HASHED[0] + HASHED[1]
    path = receipt_tree.path(HASHED, 0)[1:]
    assert receipt_tree.root_by_path(receipt_tree.leaf_hash(pair), place=0, size=4, path=path).hex() != ROOTS[8]


@pytest.mark.parametrize("place", [-1, 8])
def test_a_place_outside_of_the_list_has_no_path(place):
    with pytest.raises(IndexError, match="list of 8"):
        receipt_tree.path(HASHED, place)

//! The hashes against what the clients' own functions answer, and against published values.

use super::*;

const KEYS: [&[u8]; 10] = [
    b"",
    b"a",
    b"ab",
    b"abc",
    b"abcd",
    b"abcde",
    b"123456789",
    b"the quick brown fox",
    "été".as_bytes(),
    b"\xff\xfe\xfd",
];

/// What `memcached_generate_hash_value` of libmemcached 1.1.4 on x86-64 answers for `KEYS`.
const LIBMEMCACHED: [(Hash, [u32; 10]); 10] = [
    (
        Hash::OneAtATime,
        [
            0x0000_0000,
            0xca2e_9442,
            0x45e6_1e58,
            0xed13_1f5b,
            0xcd8b_6206,
            0xb985_59fc,
            0xc66b_58c5,
            0xc895_bec6,
            0x7fcb_4b35,
            0x4755_49b8,
        ],
    ),
    (
        Hash::Md5,
        [
            0xd98c_1dd4,
            0xb975_c10c,
            0x43f4_7e18,
            0x9850_0190,
            0x4c71_fce2,
            0xd9b4_56ab,
            0x94e7_f925,
            0x3ec9_f330,
            0x1e6a_afde,
            0xc24e_6789,
        ],
    ),
    (
        Hash::CrcHigh,
        [
            0x0000, 0x68b7, 0x1e83, 0x3524, 0x6d82, 0x0587, 0x4bf4, 0x11c1, 0x44d1, 0x08ea,
        ],
    ),
    (
        Hash::Fnv1_64,
        [
            0x8422_2325,
            0x8601_b7be,
            0xb4eb_37b8,
            0x6baf_adcb,
            0xfb84_4f95,
            0x61d3_3a4a,
            0x2bf9_16d6,
            0xbe6a_6f24,
            0xee20_2e17,
            0x93ed_f087,
        ],
    ),
    (
        Hash::Fnv1a64,
        [
            0x8422_2325,
            0x8601_ec8c,
            0xb545_986a,
            0x0541_574b,
            0xee07_24dd,
            0x7623_64a8,
            0x23c6_cdfc,
            0x0bd8_c122,
            0xea76_9c57,
            0x8f0e_92d7,
        ],
    ),
    (
        Hash::Fnv1_32,
        [
            0x811c_9dc5,
            0x050c_5d7e,
            0x7077_2d38,
            0x439c_2f4b,
            0xb9de_7375,
            0x0e2f_c14a,
            0x2414_8816,
            0x6ec8_5224,
            0xbebb_7c97,
            0x914c_9107,
        ],
    ),
    (
        Hash::Fnv1a32,
        [
            0x811c_9dc5,
            0xe40c_292c,
            0x4d25_05ca,
            0x1a47_e90b,
            0xce34_79bd,
            0x749b_cf08,
            0xbb86_b11c,
            0x338f_85c2,
            0x0bee_a017,
            0xbf6d_4517,
        ],
    ),
    (
        Hash::Murmur,
        [
            0x0000_0000,
            0x4b41_757c,
            0xe3b5_4dfb,
            0x7b0c_c428,
            0xef6a_86af,
            0x9a26_3eda,
            0xb776_0690,
            0x8afb_46f8,
            0xda71_0acb,
            0xc2e4_b7ff,
        ],
    ),
    (
        Hash::Jenkins,
        [
            0xdead_befc,
            0xe0a3_8690,
            0xc1b5_695b,
            0x8f41_5600,
            0xd512_151a,
            0x5cff_335b,
            0x1977_7af6,
            0xd580_e5fa,
            0x8946_6c13,
            0x222b_d93e,
        ],
    ),
    (
        Hash::Murmur3,
        [
            0x0000_0000,
            0x8872_dbc8,
            0x820b_9d10,
            0x25d3_a89a,
            0x0ac2_8782,
            0x3ed4_8523,
            0x36ae_260f,
            0x6ffa_cea8,
            0x5bec_fbdb,
            0x92ff_29ea,
        ],
    ),
];

#[test]
fn as_libmemcached_and_twemproxy() {
    for (hash, values) in LIBMEMCACHED.into_iter().chain(TWEMPROXY) {
        for (key, value) in KEYS.into_iter().zip(values) {
            assert_eq!(hash.of(key), value, "{hash:?} of {key:x?}");
        }
    }
}

/// What twemproxy 0.5.0's functions answer for `KEYS` on x86-64.
const TWEMPROXY: [(Hash, [u32; 10]); 2] = [
    (
        Hash::Hsieh,
        [
            0x0000_0000,
            0x9364_2e87,
            0x5b8c_0ec3,
            0xe518_6b3a,
            0x3ab4_52d8,
            0x8478_6722,
            0xe4fc_1670,
            0x5166_5d19,
            0xcc95_5977,
            0xd989_515e,
        ],
    ),
    (
        Hash::Crc16,
        [
            0x0000_0000,
            0x0000_7c87,
            0x007c_74ff,
            0x7c74_9dd6,
            0x749d_a836,
            0x9da8_3ee1,
            0x8690_31c3,
            0x62f7_cd67,
            0xe626_a767,
            0x1e0d_c11f,
        ],
    ),
];

#[test]
fn published_check_values() {
    // The catalogue of parametrised CRC algorithms: CRC-32 and CRC-16/XMODEM.
    assert_eq!(Hash::Crc32.of(b"123456789"), 0xcbf4_3926);
    assert_eq!(Hash::Crc16.of(b"123456789") & 0xffff, 0x31c3);
    // RFC 1321.
    assert_eq!(
        md5_words(b"abc"),
        [0x9850_0190, 0xb04f_d23c, 0x7d3f_96d6, 0x727f_e128]
    );
    // The hash codes that Java's documentation of String makes: s[0]*31^(n-1) + ....
    assert_eq!(Hash::JavaHashCode.of(b"ab"), 97 * 31 + 98);
    assert_eq!(Hash::JavaHashCode.of("😀".as_bytes()), 0xd83d * 31 + 0xde00);
}

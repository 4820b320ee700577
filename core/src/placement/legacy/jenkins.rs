//! Bob Jenkins' lookup3 (`hashlittle`) with 13 as its initial value, as libhashkit and twemproxy
//! carry it.

pub(super) fn hash(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32
        .wrapping_add(bytes.len() as u32)
        .wrapping_add(13);
    if bytes.is_empty() {
        return start;
    }
    // The last block is mixed in another way, also when it is full.
    let last = (bytes.len() - 1) / 12 * 12;
    let mut state = [start; 3];
    for block in bytes[..last].chunks(12) {
        add(&mut state, block);
        mix(&mut state);
    }
    add(&mut state, &bytes[last..]);
    finish(state)
}

/// Adds up to twelve bytes as three numbers, the lowest byte of each first.
fn add(state: &mut [u32; 3], block: &[u8]) {
    for (position, &byte) in block.iter().enumerate() {
        let word = &mut state[position / 4];
        *word = word.wrapping_add(u32::from(byte) << (position % 4 * 8));
    }
}

fn mix([a, b, c]: &mut [u32; 3]) {
    for (x, y, z, turn) in [(0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8)]
        .into_iter()
        .chain([(0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4)])
    {
        let mut state = [*a, *b, *c];
        state[x] = state[x].wrapping_sub(state[y]) ^ state[y].rotate_left(turn);
        state[y] = state[y].wrapping_add(state[z]);
        [*a, *b, *c] = state;
    }
}

fn finish([mut a, mut b, mut c]: [u32; 3]) -> u32 {
    let step = |x: u32, y: u32, turn| (x ^ y).wrapping_sub(y.rotate_left(turn));
    c = step(c, b, 14);
    a = step(a, c, 11);
    b = step(b, a, 25);
    c = step(c, b, 16);
    a = step(a, c, 4);
    b = step(b, a, 14);
    step(c, b, 24)
}

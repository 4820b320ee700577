//! Where a value stands in a spec, as a JSON pointer.

use std::rc::Rc;

/// Longer names of fields are cut where they are shown; all that a spec may have are shorter.
const LONGEST_SHOWN: usize = 256;

/// The way from the root; written out as a pointer only for an error, since a large file has many
/// values.
#[derive(Debug)]
pub(super) enum Path {
    Root,
    Field(Rc<Path>, String),
    Item(Rc<Path>, usize),
}

impl Path {
    /// RFC 6901, with control characters escaped and long names cut: a pointer is shown in logs and handed to C.
    pub(super) fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Item(parent, position) => format!("{}/{position}", parent.pointer()),
            Self::Field(parent, name) => {
                let mut pointer = parent.pointer();
                pointer.push('/');
                for c in cut(name) {
                    match c {
                        '~' => pointer.push_str("~0"),
                        '/' => pointer.push_str("~1"),
                        c if c.is_control() => pointer.extend(c.escape_default()),
                        c => pointer.push(c),
                    }
                }
                pointer
            }
        }
    }
}

/// A name of a field for a message.
pub(super) fn shown(name: &str) -> String {
    cut(name).flat_map(char::escape_debug).collect()
}

/// The characters of a name, an ellipsis in place of those that are too many.
fn cut(name: &str) -> impl Iterator<Item = char> {
    let ellipsis = name.chars().nth(LONGEST_SHOWN).map(|_| '…');
    name.chars().take(LONGEST_SHOWN).chain(ellipsis)
}

/// The pointer of the field at the end of these names.
pub(crate) fn pointer(names: &[&str]) -> String {
    let path = names.iter().fold(Path::Root, |parent, &name| {
        Path::Field(Rc::new(parent), name.to_owned())
    });
    path.pointer()
}

//! Where a value stands in a spec, as a JSON pointer.

use std::rc::Rc;

/// The way from the root; written out as a pointer only for an error, since a large file has many
/// values.
#[derive(Debug)]
pub(super) enum Path {
    Root,
    Field(Rc<Path>, String),
    Item(Rc<Path>, usize),
}

impl Path {
    /// RFC 6901, with control characters escaped: a pointer is shown in logs and handed to C.
    pub(super) fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Item(parent, position) => format!("{}/{position}", parent.pointer()),
            Self::Field(parent, name) => {
                let mut pointer = parent.pointer();
                pointer.push('/');
                for c in name.chars() {
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

/// The pointer of the field at the end of these names.
pub(crate) fn pointer(names: &[&str]) -> String {
    let path = names.iter().fold(Path::Root, |parent, &name| {
        Path::Field(Rc::new(parent), name.to_owned())
    });
    path.pointer()
}

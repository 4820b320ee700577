//! What is told about arguments that are no keys.

use ringshift::ErrorKind;

use crate::failure::Failure;
use crate::key::KeyFault;
use crate::packed::{Argument, PackedFault};

/// Why a value is no key.
pub(crate) fn key_failure(fault: KeyFault) -> Failure {
    let (kind, message) = match fault {
        KeyFault::Type => (
            ErrorKind::InvalidArgument,
            "a key is a string or a Uint8Array",
        ),
        KeyFault::Surrogate => (
            ErrorKind::InvalidKey,
            "the key has a lone surrogate and therefore no UTF-8 form; give its bytes as a Uint8Array",
        ),
        KeyFault::Detached => (
            ErrorKind::InvalidArgument,
            "the key's memory was transferred away; give a Uint8Array that still has its bytes",
        ),
        KeyFault::SharedMemory => (
            ErrorKind::InvalidArgument,
            "the key is in shared memory, where it can change while it is read; give a copy",
        ),
    };
    Failure::new(kind, message)
}

impl Argument {
    fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Offsets => "offsets",
            Self::Out => "out",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Bytes => "Uint8Array",
            Self::Offsets | Self::Out => "Uint32Array",
        }
    }
}

/// Why packed keys are none.
pub(crate) fn packed_failure(fault: PackedFault) -> Failure {
    let message = match fault {
        PackedFault::Type(argument) => {
            format!("{} is a {}", argument.name(), argument.class())
        }
        PackedFault::Detached(argument) => format!(
            "the memory of {} was transferred away; give a {} that still has it",
            argument.name(),
            argument.class()
        ),
        PackedFault::SharedMemory(argument) => format!(
            "{} is in shared memory, where it can change during the call; give a copy",
            argument.name()
        ),
        PackedFault::Unaligned(argument) => format!(
            "the memory of {} does not begin at a multiple of four bytes; give a copy",
            argument.name()
        ),
        PackedFault::NoOffsets => {
            "offsets has no entry; it has one more than there are keys".to_owned()
        }
        PackedFault::Falling {
            position,
            offsets: [before, offset],
        } => format!(
            "offsets[{position}] is {offset}, lower than {before} before it; offsets must not fall"
        ),
        PackedFault::Beyond { offset, length } => {
            format!("the last of offsets is {offset}, beyond the {length} bytes of the keys")
        }
        PackedFault::Room { keys, room } => {
            format!("out has room for {room} indices; there are {keys} keys")
        }
        PackedFault::Overlap(argument) => format!(
            "out shares memory with {}; give one of its own",
            argument.name()
        ),
    };
    Failure::new(ErrorKind::InvalidArgument, &message)
}

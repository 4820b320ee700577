//! What comes in from C, checked before it is used.

use std::ffi::{CStr, c_char, c_void};

use ringshift_core::{Error, ErrorKind};

/// An argument that cannot be meant.
#[cold]
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cold]
fn null(name: &str, right: &str) -> Error {
    invalid(format!("{name} is NULL; {right}"))
}

/// An address where no value of the type can lie: it was never that of one.
#[cold]
fn misaligned<T>(address: *const T, name: &str, right: &str) -> Error {
    let alignment = align_of::<T>();
    invalid(format!(
        "{name} has address {address:?}, which is no multiple of {alignment}; {right}"
    ))
}

/// What is wrong with an address that is NULL or misaligned.
#[cold]
fn nowhere<T>(address: *const T, name: &str, right: &str) -> Error {
    if address.is_null() {
        null(name, right)
    } else {
        misaligned(address, name, right)
    }
}

/// A handle that must be there.
///
/// # Safety
///
/// `handle` is NULL, misaligned or points to a `T` that stays for `'a`.
#[inline]
pub(crate) unsafe fn handle<'a, T>(handle: *const T, name: &str) -> Result<&'a T, Error> {
    if handle.is_null() || !handle.is_aligned() {
        return Err(nowhere(
            handle,
            name,
            "give one that was opened and not freed",
        ));
    }
    // SAFETY: not NULL and aligned; the rest is the caller's.
    Ok(unsafe { &*handle })
}

/// A handle that must be there, to be changed.
///
/// # Safety
///
/// As for [`handle`], and nobody else uses it.
pub(crate) unsafe fn handle_mut<'a, T>(handle: *mut T, name: &str) -> Result<&'a mut T, Error> {
    // SAFETY: the caller's.
    unsafe { self::handle(handle, name) }?;
    // SAFETY: not NULL and aligned; the rest is the caller's.
    Ok(unsafe { &mut *handle })
}

/// A handle that is to be freed; nothing for NULL.
///
/// # Safety
///
/// `handle` is NULL, misaligned or came from `Box::into_raw`, and is not used again.
pub(crate) unsafe fn owned<T>(handle: *mut T, name: &str) -> Result<Option<Box<T>>, Error> {
    if handle.is_null() {
        return Ok(None);
    }
    if !handle.is_aligned() {
        return Err(misaligned(handle, name, "give what was opened"));
    }
    // SAFETY: the caller's.
    Ok(Some(unsafe { Box::from_raw(handle) }))
}

/// A place for a result, which need not be initialised.
#[inline]
pub(crate) fn out<T>(place: *mut T, name: &str) -> Result<*mut T, Error> {
    if place.is_null() || !place.is_aligned() {
        let right = "give the address of a variable for the result";
        return Err(nowhere(place, name, right));
    }
    Ok(place)
}

/// A place for a result that may be NULL, for none.
#[inline]
pub(crate) fn optional_out<T>(place: *mut T, name: &str) -> Result<*mut T, Error> {
    if place.is_null() {
        return Ok(place);
    }
    out(place, name)
}

/// Bytes with a length; NULL with length 0 is no bytes.
///
/// # Safety
///
/// `bytes` is NULL or points to `len` bytes that stay unchanged for `'a`.
#[inline(always)]
pub(crate) unsafe fn bytes<'a>(
    bytes: *const c_void,
    len: usize,
    name: impl Fn() -> String,
) -> Result<&'a [u8], Error> {
    // SAFETY: the caller's.
    unsafe { array(bytes.cast(), len, name) }
}

/// An array with a length; NULL with length 0 is an empty one.
///
/// # Safety
///
/// `first` is NULL or points to `len` values that stay unchanged for `'a`.
#[inline(always)]
pub(crate) unsafe fn array<'a, T>(
    first: *const T,
    len: usize,
    name: impl Fn() -> String,
) -> Result<&'a [T], Error> {
    if first.is_null() || !first.is_aligned() || len > largest::<T>() {
        return no_array(first, len, name);
    }
    // SAFETY: not NULL, aligned, no larger than an object can be; the rest is the caller's.
    Ok(unsafe { std::slice::from_raw_parts(first, len) })
}

/// NULL, misaligned, or a length that nothing has.
#[cold]
fn no_array<'a, T>(
    first: *const T,
    len: usize,
    name: impl Fn() -> String,
) -> Result<&'a [T], Error> {
    check_len::<T>(len, &name)?;
    if len == 0 {
        return Ok(&[]);
    }
    let right = if first.is_null() {
        &*format!("with length {len} it needs an address")
    } else {
        "give the address of an array"
    };
    Err(nowhere(first, &name(), right))
}

/// A key.
///
/// # Safety
///
/// As for [`bytes`].
#[inline(always)]
pub(crate) unsafe fn key<'a>(key: *const c_void, len: usize) -> Result<&'a [u8], Error> {
    // SAFETY: the caller's.
    unsafe { bytes(key, len, || "key".to_owned()) }
}

/// A place for `count` results, which need not be initialised; may be NULL for none.
pub(crate) fn out_array<T>(place: *mut T, count: usize, name: &str) -> Result<*mut T, Error> {
    check_len::<T>(count, || name.to_owned())?;
    if count == 0 {
        Ok(place)
    } else {
        out(place, name)
    }
}

/// How many there can be of a type in one object.
const fn largest<T>() -> usize {
    isize::MAX as usize
        / if size_of::<T>() == 0 {
            1
        } else {
            size_of::<T>()
        }
}

/// A length that some object can have.
#[inline]
pub(crate) fn check_len<T>(len: usize, name: impl Fn() -> String) -> Result<(), Error> {
    let largest = largest::<T>();
    if len > largest {
        return Err(invalid(format!(
            "{} has length {len}, which no object in memory has; use at most {largest}",
            name()
        )));
    }
    Ok(())
}

/// A NUL-terminated string, or nothing for NULL.
///
/// # Safety
///
/// `text` is NULL or points to a NUL-terminated string that stays unchanged for `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; the rest is the caller's.
    let text = unsafe { CStr::from_ptr(text) };
    match text.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(invalid(format!(
            "{name} is not UTF-8 from byte {} on; use UTF-8",
            error.valid_up_to()
        ))),
    }
}

/// A path, or nothing for NULL.
///
/// # Safety
///
/// As for [`text`].
#[cfg_attr(unix, allow(clippy::unnecessary_wraps))] // elsewhere it can fail
pub(crate) unsafe fn path<'a>(
    path: *const c_char,
    name: &str,
) -> Result<Option<&'a std::path::Path>, Error> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let _ = name;
        // Here a path is bytes, whatever their encoding.
        // SAFETY: the caller's.
        let path = (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) });
        Ok(path.map(|path| std::ffi::OsStr::from_bytes(path.to_bytes()).as_ref()))
    }
    #[cfg(not(unix))]
    {
        // SAFETY: the caller's.
        Ok(unsafe { text(path, name) }?.map(str::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    fn name() -> String {
        "key".to_owned()
    }

    #[test]
    fn null_is_empty_only_without_length() {
        // SAFETY: NULL, and lengths that are refused before anything is read.
        unsafe {
            assert_eq!(bytes(ptr::null(), 0, name), Ok(&[][..]));
            let error = bytes(ptr::null(), 5, name).unwrap_err();
            assert_eq!(
                error.to_string(),
                "key is NULL; with length 5 it needs an address"
            );
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn addresses_where_no_value_can_lie_are_refused() {
        let values = [7_u64; 2];
        let odd = values.as_ptr().wrapping_byte_add(1);
        // SAFETY: the addresses are refused before anything is read.
        let errors = unsafe {
            [
                handle(odd, "router").unwrap_err(),
                owned(odd.cast_mut(), "router").unwrap_err(),
                array(odd, 1, name).unwrap_err(),
                out(odd.cast_mut(), "out").unwrap_err(),
                optional_out(odd.cast_mut(), "epoch").unwrap_err(),
                out_array(odd.cast_mut(), 1, "out").unwrap_err(),
            ]
        };
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(
                error.to_string().contains("no multiple of 8; give"),
                "{error}"
            );
        }
        // SAFETY: an array of none is not read.
        assert_eq!(unsafe { array(odd, 0, name) }, Ok(&[][..]));
    }

    #[test]
    fn lengths_that_nothing_has_are_refused() {
        let byte = [7_u8];
        let here = byte.as_ptr().cast();
        // SAFETY: the length is refused before anything is read.
        let error = unsafe { bytes(here, usize::MAX, name) }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(check_len::<u8>(isize::MAX as usize, name).is_ok());
        assert!(check_len::<u64>(isize::MAX as usize, name).is_err());
        assert!(check_len::<u64>(isize::MAX as usize / 8, name).is_ok());
    }

    #[test]
    fn text_must_be_utf_8() {
        // SAFETY: literals.
        unsafe {
            assert_eq!(text(ptr::null(), "region"), Ok(None));
            assert_eq!(text(c"kr".as_ptr(), "region"), Ok(Some("kr")));
            let error = text(c"a\xff".as_ptr(), "region").unwrap_err();
            assert_eq!(
                error.to_string(),
                "region is not UTF-8 from byte 1 on; use UTF-8"
            );
        }
    }
}

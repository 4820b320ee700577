//! JSON text as Python's own objects, in its order. Python's `json` would do the same, but runs Python code,
//! which a thread must not be in when the interpreter ends (`ending`).

use std::fmt;

use pyo3::BoundObject;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use ringshift::ErrorKind;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::errors;
use crate::guard::Busy;

/// What the core tells about a router, under a name for an error that nobody should ever see.
pub(crate) fn told<'py, T: Serialize>(
    py: Python<'py>,
    busy: &Busy,
    name: &str,
    tell: impl FnOnce() -> T + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let failed = |error: serde_json::Error| {
        ringshift::Error::new(ErrorKind::Internal, format!("{name}: {error}"))
    };
    let text = busy.detached(py, || serde_json::to_string(&tell()).map_err(failed))?;
    from_json(py, &text).map_err(|error| errors::raised(py, &failed(error)))
}

/// The objects that a text stands for.
pub(crate) fn from_json<'py>(
    py: Python<'py>,
    text: &str,
) -> Result<Bound<'py, PyAny>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Objects(py).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Makes an object of whatever comes.
#[derive(Clone, Copy)]
struct Objects<'py>(Python<'py>);

impl<'py> Objects<'py> {
    fn object<T, E: Error>(self, value: T) -> Result<Bound<'py, PyAny>, E>
    where
        T: IntoPyObject<'py>,
    {
        let made = value.into_pyobject(self.0).map_err(Into::into);
        made.map(BoundObject::into_any)
            .map(BoundObject::into_bound)
            .map_err(|error: PyErr| E::custom(error))
    }
}

impl<'de, 'py> DeserializeSeed<'de> for Objects<'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for Objects<'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.0.None().into_bound(self.0))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.object(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.object(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.object(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.object(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.object(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.0);
        while let Some(value) = seq.next_element_seed(self)? {
            list.append(value).map_err(A::Error::custom)?;
        }
        Ok(list.into_any())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let dict = PyDict::new(self.0);
        while let Some(key) = map.next_key_seed(self)? {
            let value = map.next_value_seed(self)?;
            dict.set_item(key, value).map_err(A::Error::custom)?;
        }
        Ok(dict.into_any())
    }
}

//! The browser's objects, by the names of their members.
//!
//! web-sys has a type for each object, and an import for each member that is used: a name in the program, and a function
//! in the JavaScript beside it. A hundred of them weigh more than all that is done with them; these few do for all.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array, global};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What the browser gives, or throws.
pub(super) type Outcome<T = JsValue> = Result<T, JsValue>;

/// The member of this name; `undefined` where there is none.
pub(super) fn get(of: &JsValue, name: &str) -> Outcome {
    Reflect::get(of, &name.into())
}

/// The member of this name, if it is a text.
pub(super) fn text(of: &JsValue, name: &str) -> Option<String> {
    get(of, name).ok()?.as_string()
}

pub(super) fn set(of: &JsValue, name: &str, value: &JsValue) -> Outcome<()> {
    Reflect::set(of, &name.into(), value).map(drop)
}

/// What is handed to the browser. Most of it is known when the program is made, and then it is no code, but data.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// Something of the browser's own.
    Js(&'a JsValue),
    Text(&'a str),
    Bytes(&'a [u8]),
    Flag(bool),
    List(&'a [Value<'a>]),
    Object(&'a [(&'a str, Value<'a>)]),
}

impl Value<'_> {
    pub(super) fn to_js(self) -> Outcome {
        Ok(match self {
            Self::Js(value) => value.clone(),
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => Uint8Array::from(bytes).into(),
            Self::Flag(flag) => flag.into(),
            Self::List(values) => list(values)?.into(),
            Self::Object(members) => {
                let object = Object::new().into();
                for (name, value) in members {
                    set(&object, name, &value.to_js()?)?;
                }
                object
            }
        })
    }
}

/// Calls the method of this name. Where there is none, the browser throws.
pub(super) fn call(of: &JsValue, method: &str, arguments: &[Value<'_>]) -> Outcome {
    let method: Function = get(of, method)?.unchecked_into();
    Reflect::apply(&method, of, &list(arguments)?)
}

/// A new object of a class of the page. Where there is none, the browser throws.
pub(super) fn make(class: &str, arguments: &[Value<'_>]) -> Outcome {
    let class: Function = get(&global(), class)?.unchecked_into();
    Reflect::construct(&class, &list(arguments)?)
}

/// Waits for what a call gives. What is no promise is one that is kept.
pub(super) fn settled(call: Outcome) -> JsFuture {
    JsFuture::from(match call {
        Ok(given) => Promise::resolve(&given),
        Err(thrown) => Promise::reject(&thrown),
    })
}

/// The bytes of a buffer.
pub(super) fn bytes(buffer: &JsValue) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}

fn list(values: &[Value<'_>]) -> Outcome<Array> {
    let list = Array::new();
    for value in values {
        list.push(&value.to_js()?);
    }
    Ok(list)
}

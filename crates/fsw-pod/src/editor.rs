use std::fmt;

use serde_json::{Map, Value, json};

use crate::json::{Output as _, comma, size};
use crate::merge::{outdated, same_variable};
use crate::view::items;
use crate::{ContainerList, ContainerView, Patch, Place, Pod, PodError, escape};

/// Where more variables than so many are to go, the whole list is replaced: each removal moves all that are behind it.
const MANY: usize = 100;

/// A pod being changed.
///
/// Invariant: applying the recorded operations to the pod that came in gives [`PodEditor::pod`].
#[derive(Clone)]
pub struct PodEditor {
    pub(crate) pod: Value,
    pub(crate) patch: Patch,
    pub(crate) size: usize,
}

impl PodEditor {
    /// Takes a pod as the API server sent it.
    ///
    /// # Errors
    /// A field that is read or changed here has not the shape that Kubernetes gives it.
    pub fn new(pod: impl Into<Pod>) -> Result<Self, PodError> {
        let Pod { json, size } = pod.into();
        check_shape(&json)?;
        Ok(Self { pod: json, patch: Patch::default(), size })
    }

    /// The pod as changed so far; of an outline, what was read of it.
    pub fn pod(&self) -> &Value {
        &self.pod
    }

    /// The operations so far.
    pub fn patch(&self) -> &Patch {
        &self.patch
    }

    /// All operations.
    pub fn into_patch(self) -> Patch {
        self.patch
    }

    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.pod["metadata"]["labels"][name].as_str()
    }

    /// All annotations.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        let annotations = self.pod["metadata"]["annotations"].as_object();
        annotations.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// Every container of all lists, in order.
    pub fn containers(&self) -> Vec<ContainerView<'_>> {
        let of = |list: ContainerList| {
            let containers = items(&self.pod["spec"][list.field()]).iter().enumerate();
            containers.map(move |(index, json)| ContainerView { place: Place { list, index }, json })
        };
        ContainerList::ALL.into_iter().flat_map(of).collect()
    }

    /// A volume by name.
    pub fn volume(&self, name: &str) -> Option<&Value> {
        items(&self.pod["spec"]["volumes"]).iter().find(|volume| volume["name"] == name)
    }

    /// The pod's own security context, or null.
    pub fn security_context(&self) -> &Value {
        &self.pod["spec"]["securityContext"]
    }

    /// How many bytes the pod has as JSON. It is kept up with each change: writing the pod only to measure it would cost
    /// as much as reading it did.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Sets an annotation.
    pub fn set_annotation(&mut self, name: &str, value: &str) {
        let present = &self.pod["metadata"]["annotations"];
        if present[name] == value {
            return;
        }
        if present.is_object() {
            self.add(&format!("/metadata/annotations/{}", escape(name)), value.into());
        } else {
            self.add("/metadata/annotations", json!({ name: value }));
        }
    }

    /// Appends a volume.
    pub fn append_volume(&mut self, volume: Value) {
        self.append("/spec", "volumes", volume);
    }

    /// Puts an init container at a position (from 0 to the length of the list).
    pub fn insert_init_container(&mut self, index: usize, container: Value) {
        let list = &self.pod["spec"]["initContainers"];
        if list.is_array() {
            self.add(&format!("/spec/initContainers/{index}"), container);
        } else {
            self.add("/spec/initContainers", Value::Array(vec![container]));
        }
    }

    /// Makes a container that we injected before say what it should say now, and leaves what others added to it.
    pub fn update_container(&mut self, place: Place, wanted: &Value) {
        let pointer = place.pointer();
        let Some(present) = self.pod.pointer(&pointer) else { return };
        for (field, value) in outdated(present, wanted) {
            self.add(&format!("{pointer}/{}", escape(&field)), value);
        }
    }

    /// Puts environment variables first in a container, in the given order, and takes others of the same names out.
    /// A container that has all of them as they should be stays as it is.
    ///
    /// Returns the names that the container had with another meaning.
    pub fn set_variables(&mut self, place: Place, variables: impl Into<Vec<Value>>) -> Vec<String> {
        let variables = variables.into();
        let Some(present) = self.container(place).map(|container| items(&container["env"])) else { return Vec::new() };
        let wanted: Vec<_> = variables.iter().map(name).collect();
        // Of each variable that is there, its position and that of the wanted one of its name.
        let taken: Vec<(usize, usize)> = (present.iter().map(name).enumerate())
            .filter_map(|(index, name)| Some((index, wanted.iter().position(|wanted| *wanted == name)?)))
            .collect();
        let is_same = |(index, wanted): &(usize, usize)| same_variable(&present[*index], &variables[*wanted]);
        let is_set = |wanted: usize| {
            let mut of_name = taken.iter().filter(|(_, of)| *of == wanted);
            of_name.next().is_some_and(is_same) && of_name.next().is_none()
        };
        if (0..variables.len()).all(is_set) {
            return Vec::new();
        }
        let others = taken.iter().filter(|taken| !is_same(taken));
        let replaced = others.filter_map(|(index, _)| name(&present[*index]).map(str::to_owned)).collect();
        let pointer = place.pointer();
        if present.len() == taken.len() {
            self.add(&format!("{pointer}/env"), Value::Array(variables));
        } else if taken.len() > MANY {
            let mut gone = taken.iter().map(|(index, _)| *index).peekable();
            let stays = |(index, variable)| gone.next_if_eq(&index).is_none().then_some(variable);
            let rest: Vec<Value> = present.iter().enumerate().filter_map(stays).cloned().collect();
            self.add(&format!("{pointer}/env"), Value::Array([variables, rest].concat()));
        } else {
            taken.into_iter().rev().for_each(|(index, _)| self.remove(&format!("{pointer}/env/{index}")));
            self.put_first(place, "env", variables);
        }
        replaced
    }

    /// Appends a volume mount, unless the container has that mount.
    pub fn mount(&mut self, place: Place, mount: Value) {
        let Some(container) = self.container(place) else { return };
        let is_there = |other: &&Value| other["mountPath"] == mount["mountPath"] && other["name"] == mount["name"];
        if !items(&container["volumeMounts"]).iter().any(|other| is_there(&other)) {
            self.append(&place.pointer(), "volumeMounts", mount);
        }
    }

    fn container(&self, place: Place) -> Option<&Value> {
        self.pod["spec"][place.list.field()].get(place.index)
    }

    /// Puts values before others in a list of a container that is not empty.
    fn put_first(&mut self, place: Place, field: &str, values: Vec<Value>) {
        let container = &mut self.pod["spec"][place.list.field()][place.index];
        let Some(list) = container[field].as_array_mut() else { return };
        let pointer = format!("{}/{field}/", place.pointer());
        for (index, value) in values.iter().enumerate() {
            self.size += self.patch.add(&[&*pointer, &*index.to_string()].concat(), value) + ",".len();
        }
        list.splice(0..0, values);
    }

    fn append(&mut self, pointer: &str, field: &str, value: Value) {
        if self.pod.pointer(pointer).is_some_and(|parent| parent[field].is_array()) {
            self.add(&format!("{pointer}/{field}/-"), value);
        } else {
            self.add(&format!("{pointer}/{field}"), Value::Array(vec![value]));
        }
    }

    /// Adds, or replaces where a field of that name is there: both are an `add` to RFC 6902, but a replacement reads
    /// better in an audit log.
    fn add(&mut self, path: &str, value: Value) {
        let Some((parent, last)) = split(&mut self.pod, path) else { return };
        match parent {
            Value::Object(fields) => {
                let name = unescape(last);
                if let Some(present) = fields.get(&name) {
                    self.size = (self.size + self.patch.replace(path, &value)).saturating_sub(size(present));
                } else {
                    self.size += self.patch.add(path, &value) + ":".len() + comma(fields.len()).len();
                    self.size.text(&name);
                }
                fields.insert(name, value);
            }
            Value::Array(list) => {
                let index = last.parse().unwrap_or(list.len()).min(list.len());
                self.size += self.patch.add(path, &value) + comma(list.len()).len();
                list.insert(index, value);
            }
            _ => {}
        }
    }

    fn remove(&mut self, path: &str) {
        let Some((Value::Array(list), last)) = split(&mut self.pod, path) else { return };
        if let Some(index) = last.parse().ok().filter(|index| *index < list.len()) {
            let removed = list.remove(index);
            self.size = self.size.saturating_sub(size(&removed) + comma(list.len()).len());
            self.patch.remove(path);
        }
    }
}

fn name(variable: &Value) -> Option<&str> {
    variable["name"].as_str()
}

impl fmt::Debug for PodEditor {
    /// Not the pod: it may hold secrets by now.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PodEditor").field("patch", &self.patch).finish_non_exhaustive()
    }
}

/// The value that holds the last segment of a pointer, and that segment.
fn split<'a, 'b>(pod: &'a mut Value, path: &'b str) -> Option<(&'a mut Value, &'b str)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((pod.pointer_mut(parent)?, last))
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

fn check_shape(pod: &Value) -> Result<(), PodError> {
    object(pod, "the pod")?;
    object(&pod["metadata"], "metadata")?;
    texts(&pod["metadata"]["annotations"], "metadata.annotations")?;
    texts(&pod["metadata"]["labels"], "metadata.labels")?;
    object(&pod["spec"], "spec")?;
    list_of_objects(&pod["spec"]["volumes"], || "spec.volumes".to_owned())?;
    for list in ContainerList::ALL {
        let containers = &pod["spec"][list.field()];
        list_of_objects(containers, || format!("spec.{}", list.field()))?;
        for (index, container) in items(containers).iter().enumerate() {
            for field in ["env", "volumeMounts"] {
                list_of_objects(&container[field], || format!("spec.{}[{index}].{field}", list.field()))?;
            }
        }
    }
    Ok(())
}

fn shape(path: &str, expected: &'static str) -> PodError {
    PodError::Shape { path: path.to_owned(), expected }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, PodError> {
    value.as_object().ok_or_else(|| shape(path, "an object"))
}

fn texts(value: &Value, path: &str) -> Result<(), PodError> {
    let is_map = value.is_null() || value.as_object().is_some_and(|map| map.values().all(Value::is_string));
    if is_map { Ok(()) } else { Err(shape(path, "a map of texts")) }
}

fn list_of_objects(value: &Value, path: impl Fn() -> String) -> Result<(), PodError> {
    let is_list = value.is_null() || value.as_array().is_some_and(|list| list.iter().all(Value::is_object));
    if is_list { Ok(()) } else { Err(shape(&path(), "a list of objects")) }
}

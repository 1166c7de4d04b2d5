//! The fields of an object, found by index and by name.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock, OnceLock};

use crate::entity::FieldDefinition;

/// The fields of an object in describe order.
///
/// Those of a shipped object are read when something looks at them first, and are in memory once for all definitions that
/// have not changed them: an org has hundreds of objects and uses a few.
#[derive(Clone, Debug)]
pub struct Fields(Kept);

type Read = Box<dyn FnOnce() -> Listed + Send + Sync>;

#[derive(Clone, Debug)]
enum Kept {
    /// Those of a shipped object, as they are shipped.
    Shipped(Arc<LazyLock<Listed, Read>>),
    /// Those of one definition.
    Own(Listed),
}

#[derive(Clone, Debug, Default)]
struct Listed {
    fields: Vec<FieldDefinition>,
    /// Their indexes by name, as it is spelled and in lower case, made at the first search.
    by_name: OnceLock<HashMap<String, usize>>,
}

impl Listed {
    fn of(fields: Vec<FieldDefinition>) -> Self {
        Self {
            fields,
            by_name: OnceLock::new(),
        }
    }
}

impl Fields {
    /// Fields that are read when something looks at them first.
    pub fn shipped(read: impl FnOnce() -> Vec<FieldDefinition> + Send + Sync + 'static) -> Self {
        let read: Read = Box::new(|| Listed::of(read()));
        Self(Kept::Shipped(Arc::new(LazyLock::new(read))))
    }

    /// The index of a field, by name in any letter case.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        let listed = self.listed();
        let by_name = listed.by_name.get_or_init(|| {
            let fields = listed.fields.iter().enumerate();
            let spelled = fields.flat_map(|(index, field)| {
                let name = field.name.as_str();
                [(name.to_owned(), index), (name.to_ascii_lowercase(), index)]
            });
            spelled.collect()
        });
        match by_name.get(name) {
            Some(index) => Some(*index),
            None => by_name.get(&name.to_ascii_lowercase()).copied(),
        }
    }

    fn listed(&self) -> &Listed {
        match &self.0 {
            Kept::Shipped(listed) => listed,
            Kept::Own(listed) => listed,
        }
    }
}

impl From<Vec<FieldDefinition>> for Fields {
    fn from(fields: Vec<FieldDefinition>) -> Self {
        Self(Kept::Own(Listed::of(fields)))
    }
}

impl Deref for Fields {
    type Target = Vec<FieldDefinition>;

    fn deref(&self) -> &Self::Target {
        &self.listed().fields
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Self::Target {
        if let Kept::Shipped(shipped) = &self.0 {
            self.0 = Kept::Own(Listed::of(shipped.fields.clone()));
        }
        match &mut self.0 {
            Kept::Own(listed) => {
                // A change may move or rename fields.
                listed.by_name.take();
                &mut listed.fields
            }
            Kept::Shipped(_) => unreachable!("they have just become the definition's own"),
        }
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a FieldDefinition;
    type IntoIter = std::slice::Iter<'a, FieldDefinition>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Fields {
    type Item = &'a mut FieldDefinition;
    type IntoIter = std::slice::IterMut<'a, FieldDefinition>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl IntoIterator for Fields {
    type Item = FieldDefinition;
    type IntoIter = std::vec::IntoIter<FieldDefinition>;

    fn into_iter(self) -> Self::IntoIter {
        let fields = match self.0 {
            Kept::Shipped(shipped) => shipped.fields.clone(),
            Kept::Own(listed) => listed.fields,
        };
        fields.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::entity::FieldType;

    fn field(name: &str) -> FieldDefinition {
        FieldDefinition::new(name, name, FieldType::String)
    }

    #[test]
    fn shipped_fields_are_read_once_and_changed_for_one_definition_alone() {
        static READ: AtomicUsize = AtomicUsize::new(0);
        let shipped = Fields::shipped(|| {
            READ.fetch_add(1, Ordering::Relaxed);
            vec![field("Id"), field("Name")]
        });
        let mut changed = shipped.clone();
        assert_eq!(READ.load(Ordering::Relaxed), 0);
        assert_eq!(changed.index_of("name"), Some(1));
        changed.insert(1, field("Code__c"));
        assert_eq!(changed.index_of("NAME"), Some(2));
        assert_eq!(changed.index_of("code__C"), Some(1));
        assert_eq!((shipped.len(), shipped.index_of("Code__c")), (2, None));
        assert_eq!(READ.load(Ordering::Relaxed), 1);
    }
}

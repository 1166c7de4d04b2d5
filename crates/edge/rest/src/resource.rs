//! What a resource of the REST API is, and how a path leads to one. The resources themselves are declared in `resources`.

use axum::body::Body;
use http::Method;
use landfall_apidoc::{Described, Operation};
use landfall_auth::Permissions;
use landfall_http::xml::Root;
use landfall_http::{Answer, Pending};
use landfall_model::{Catalog, Fault, RecordFault, RequestFault};
use landfall_sobject::VirtualObjects;

use crate::call::Call;
use crate::path::{Object, Path, matched};

/// Answers a request for a resource.
pub(crate) type Handler<S> = for<'a> fn(&'a S, &'a Call, &'a Path, Body) -> Pending<'a>;

/// A resource of an API with this state: all that is known of it.
pub(crate) struct Resource<S: 'static> {
    /// Below `/services/data/vNN.0/`; [`crate::path`] says what is in braces. The first resource that a path fits is meant.
    pub(crate) path: &'static str,
    /// The methods, as error texts and `Allow` list them.
    pub(crate) methods: &'static str,
    /// The first version that has it.
    since: u16,
    /// Whether these permissions are enough to use it. What they let a user do with records is asked where records are.
    permission: fn(Permissions) -> bool,
    root: RootElement,
    /// Whether it is in the list of resources.
    listed: bool,
    pub(crate) described: Described,
    answer: Handler<S>,
}

/// The root of an answer in XML.
#[derive(Clone, Copy)]
pub(crate) enum RootElement {
    /// This element, with items of that name if it is a list.
    Named(&'static str, &'static str),
    /// The object of the path where records are read.
    Object,
    /// The Tooling API declares it, and the methods.
    Tooling,
}

/// All methods.
pub(crate) const ANY: &str = "HEAD,GET,POST,PUT,PATCH,DELETE";

impl<S: 'static> Resource<S> {
    pub(crate) const fn new(path: &'static str, methods: &'static str, answer: Handler<S>) -> Self {
        Self {
            path,
            methods,
            since: 0,
            permission: |_| true,
            root: RootElement::Named("Result", "item"),
            listed: false,
            described: Described::Fixed(&[]),
            answer,
        }
    }

    /// A path of the service that has nothing here, or that another API serves.
    pub(crate) const fn nothing(path: &'static str) -> Self {
        Self::new(path, ANY, |_, _, _, _| {
            Box::pin(async move { Err(Fault::Request(RequestFault::ResourceNotFound)) })
        })
    }

    pub(crate) const fn since(mut self, version: u16) -> Self {
        self.since = version;
        self
    }

    /// Needs more than the scope `api` and the permission "API Enabled", which every resource needs.
    pub(crate) const fn permission(mut self, permission: fn(Permissions) -> bool) -> Self {
        self.permission = permission;
        self
    }

    pub(crate) const fn root(mut self, root: RootElement) -> Self {
        self.root = root;
        self
    }

    pub(crate) const fn listed(mut self) -> Self {
        self.listed = true;
        self
    }

    pub(crate) const fn described(mut self, described: Described) -> Self {
        self.described = described;
        self
    }

    pub(crate) const fn operations(self, operations: &'static [Operation]) -> Self {
        self.described(Described::Fixed(operations))
    }
}

/// What a document says of resources.
pub(crate) fn described<S: 'static>(
    resources: &'static [Resource<S>],
) -> Vec<landfall_apidoc::Resource> {
    let resources = resources.iter();
    let resources = resources.map(|resource| landfall_apidoc::Resource {
        path: resource.path,
        described: resource.described,
    });
    resources.collect()
}

/// The names of the resources that a version lists.
pub(crate) fn listed<S: 'static>(
    resources: &'static [Resource<S>],
    version: u16,
) -> impl Iterator<Item = &'static str> {
    let resources = resources.iter();
    let listed = resources.filter(move |resource| resource.listed && resource.since <= version);
    listed.map(|resource| resource.path)
}

/// The names of what a version has directly below a path, each once.
pub(crate) fn below<S: 'static>(
    resources: &'static [Resource<S>],
    path: &str,
    version: u16,
) -> Vec<&'static str> {
    let mut names = Vec::new();
    for resource in resources
        .iter()
        .filter(|resource| resource.since <= version)
    {
        let rest = resource.path.strip_prefix(path);
        let rest = rest.and_then(|rest| rest.strip_prefix('/'));
        let name = rest.and_then(|rest| rest.split('/').next());
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// What a path names.
pub(crate) struct Target<S: 'static> {
    resource: &'static Resource<S>,
    path: Path,
    methods: &'static str,
    root: Root,
}

impl<S: 'static> Target<S> {
    /// The resource of the segments after the version, and what its path holds.
    ///
    /// # Errors
    /// [`RequestFault::ResourceNotFound`] for a path that leads nowhere.
    pub(crate) fn of(
        (resources, objects): (&'static [Resource<S>], &dyn VirtualObjects),
        catalog: &Catalog,
        segments: &[String],
        method: &Method,
    ) -> Result<Self, Fault> {
        let fits = |resource: &'static Resource<S>| {
            let path = matched(resource.path, segments, catalog, objects)?;
            Some((resource, path))
        };
        let fit = resources.iter().find_map(fits);
        let (resource, path) = fit.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        let (methods, root) = match resource.root {
            RootElement::Tooling => objects.resource(&path.texts().collect::<Vec<_>>())?,
            RootElement::Named(name, item) => (resource.methods, Root::new(name, item)),
            RootElement::Object => (resource.methods, root_of_object(&path, method)),
        };
        Ok(Self {
            resource,
            path,
            methods,
            root,
        })
    }

    /// The root of its answer in XML.
    pub(crate) fn root(&self) -> Root {
        self.root.clone()
    }

    /// Answers a request.
    ///
    /// # Errors
    /// [`RequestFault::MethodNotAllowed`], [`RequestFault::ResourceNotFound`] for a version without it,
    /// [`RecordFault::AccessDenied`] without its permission, and those of the resource.
    pub(crate) async fn answer(
        &self,
        shared: &S,
        call: &Call,
        body: Body,
    ) -> Result<Answer, Fault> {
        check_method(&call.method, self.methods)?;
        let is_change_event = matches!(self.path.object(), Ok(Object::ChangeEvent(_)));
        if call.version.number() < self.resource.since
            || (is_change_event && !call.version.has_change_events())
        {
            return Err(Fault::Request(RequestFault::ResourceNotFound));
        }
        if !(self.resource.permission)(call.login.permissions()) {
            return Err(Fault::Record(RecordFault::AccessDenied));
        }
        (self.resource.answer)(shared, call, &self.path, body).await
    }
}

/// The name of the object of a path where its records are read.
fn root_of_object(path: &Path, method: &Method) -> Root {
    match path.entity() {
        Ok(entity) if method == Method::GET || method == Method::HEAD => Root::of(&entity.name),
        _ => Root::new("Result", "item"),
    }
}

/// Checks that a method is one of those that are allowed.
///
/// # Errors
/// [`RequestFault::MethodNotAllowed`].
pub(crate) fn check_method(method: &Method, allowed: &'static str) -> Result<(), Fault> {
    if allowed.split(',').any(|name| name == method.as_str()) {
        Ok(())
    } else {
        Err(Fault::Request(RequestFault::MethodNotAllowed {
            method: method.to_string(),
            allowed,
        }))
    }
}

//! Files: the bytes that a record has, and the documents, versions and links that they are kept in.
//!
//! A row says how long its file is; the bytes are a document next to it, written in the same commit.
//! Source: "`ContentVersion`", "`ContentDocument`", "`ContentDocumentLink`", "Attachment" (Object Reference), "Insert or
//! Update Blob Data" (REST API Developer Guide).

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use landfall_model::{
    ChangeType, EntityDefinition, Fault, FieldFault, FieldName, RecordId, Row, Value, ValueFault,
    limits,
};
use md5::{Digest, Md5};

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::derive::Fields;
use crate::error::Error;
use crate::file_bytes::bytes_document;
use crate::report::defect;
use crate::rows::{read, write};
use crate::validate::subject;

const VERSION: &str = "ContentVersion";
const DOCUMENT: &str = "ContentDocument";
const LINK: &str = "ContentDocumentLink";
const OF_DOCUMENT: &str = "ContentDocumentId";
const BYTES: &str = "VersionData";

/// Clients leave the padding away, and break long lines.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Fields that a document shares with its newest version.
const SHARED: [&str; 8] = [
    "Title",
    "Description",
    "FileType",
    "FileExtension",
    "ContentSize",
    "ContentSizeLong",
    "ContentModifiedDate",
    "PublishStatus",
];

/// What comes with a new record.
#[derive(Default)]
pub(super) struct NewFile {
    bytes: Option<Vec<u8>>,
    /// The document of a new version.
    document: Option<NewDocument>,
}

enum NewDocument {
    /// The version is its first.
    Made(RecordId),
    /// It has versions.
    Of(RecordId),
}

/// How long a file of an object may be.
///
/// Source: "Attachment", "Document", "`StaticResource`" (Object Reference); "Insert or Update Blob Data".
fn bytes_max(entity: &EntityDefinition) -> usize {
    match entity.name.as_str() {
        "Attachment" => limits::ATTACHMENT_BYTES_MAX,
        "Document" | "StaticResource" => limits::DOCUMENT_BYTES_MAX,
        _ => limits::FILE_BYTES_MAX,
    }
}

impl<'p> Planner<'p, '_> {
    /// Takes the bytes out of a new record, and fills what follows from them and has to be there.
    pub(super) fn begin_file(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        given: &[usize],
    ) -> Result<NewFile, Error> {
        let bytes = take_bytes(object, row, given)?;
        let document = match object.entity.name.as_str() {
            VERSION => Some(self.begin_version(object, row)?),
            LINK => {
                self.begin_link(object, row)?;
                None
            }
            _ => None,
        };
        Ok(NewFile { bytes, document })
    }

    /// Keeps the bytes of a record with what else its transaction writes.
    pub(super) fn keep_bytes(&mut self, id: RecordId, bytes: Option<Vec<u8>>) {
        if let Some(bytes) = bytes {
            self.workspace.put_document(bytes_document(id, Some(bytes)));
        }
    }

    /// Fills what a new version has of itself, and chooses its document.
    fn begin_version(&mut self, object: &Blueprint, row: &mut Row) -> Result<NewDocument, Error> {
        let now = Value::DateTime(self.now.whole_second());
        let user = Value::Id(self.user);
        let mut fields = Fields {
            entity: &object.entity,
            row,
            before: None,
        };
        describe_version(&mut fields)?;
        fields.set("IsLatest", Value::Boolean(true));
        fields.set("ContentModifiedDate", now);
        fields.set("ContentModifiedById", user.clone());
        let owner = fields.get("OwnerId").clone();
        let owner = if owner.is_null() { user } else { owner };
        if fields.get("FirstPublishLocationId").is_null() {
            fields.set("FirstPublishLocationId", owner);
        }
        let document = fields.get(OF_DOCUMENT).as_id();
        let number = match document {
            None => 1,
            Some(document) => 1 + self.versions(document)?.len(),
        };
        fields.set("VersionNumber", Value::Text(number.to_string()));
        fields.set("IsMajorVersion", Value::Boolean(number == 1));
        if let Some(document) = document {
            return Ok(NewDocument::Of(document));
        }
        let documents = self.named(DOCUMENT)?;
        let id = self.numbers.record_id(documents.entity.key_prefix);
        fields.set(OF_DOCUMENT, Value::Id(id));
        Ok(NewDocument::Made(id))
    }

    /// A file is linked to a record once; what the link does not say of itself follows.
    fn begin_link(&mut self, object: &Blueprint, row: &mut Row) -> Result<(), Error> {
        let mut fields = Fields {
            entity: &object.entity,
            row,
            before: None,
        };
        if fields.get("ShareType").is_null() {
            fields.set("ShareType", Value::Text("V".to_owned()));
        }
        if fields.get("Visibility").is_null() {
            fields.set("Visibility", Value::Text("AllUsers".to_owned()));
        }
        let linked = fields.get("LinkedEntityId").clone();
        let Some((place, field)) = object.entity.field(OF_DOCUMENT) else {
            return Ok(());
        };
        let document = fields.get(OF_DOCUMENT).clone();
        let most = limits::CASCADE_RECORDS_MAX;
        let links = self.workspace.live_where(object, place, &document, most)?;
        let to = object.entity.index_of("LinkedEntityId");
        let same = links.iter().find(|(_, row)| *read(row, to) == linked);
        if let Some((record, _)) = same {
            let (field, record) = (field.name.clone(), *record);
            return Err(Fault::Value(ValueFault::Duplicate { field, record }).into());
        }
        Ok(())
    }

    /// Keeps the bytes of a new record, and makes the document and the links of a new version.
    pub(super) fn end_file(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        file: NewFile,
    ) -> Result<(), Error> {
        self.keep_bytes(id, file.bytes);
        match file.document {
            None => Ok(()),
            Some(NewDocument::Made(document)) => self.make_document(object, id, document),
            Some(NewDocument::Of(document)) => self.supersede(object, id, document),
        }
    }

    fn make_document(
        &mut self,
        object: &Blueprint,
        version: RecordId,
        document: RecordId,
    ) -> Result<(), Error> {
        let row = self.workspace.row(object, version)?;
        let row = row.ok_or_else(|| defect("a version is not there"))?;
        let of_version = |name: &str| read(&row, object.entity.index_of(name)).clone();
        let owner = of_version("OwnerId");
        let mut values = shared(object, &row);
        values.push(("LatestPublishedVersionId", Value::Id(version)));
        values.push(("OwnerId", owner.clone()));
        self.put_new(self.named(DOCUMENT)?, document, values);
        self.link(document, owner.clone(), "I")?;
        let place = of_version("FirstPublishLocationId");
        if place != owner && !place.is_null() {
            self.link(document, place, "V")?;
        }
        Ok(())
    }

    fn link(&mut self, document: RecordId, to: Value, share: &str) -> Result<(), Error> {
        let links = self.named(LINK)?;
        let id = self.numbers.record_id(links.entity.key_prefix);
        let values = vec![
            ("LinkedEntityId", to),
            (OF_DOCUMENT, Value::Id(document)),
            ("ShareType", Value::Text(share.to_owned())),
            ("Visibility", Value::Text("AllUsers".to_owned())),
        ];
        self.put_new(links, id, values);
        Ok(())
    }

    /// A record that follows from another one.
    pub(super) fn put_new(
        &mut self,
        object: &'p Blueprint,
        id: RecordId,
        values: Vec<(&str, Value)>,
    ) {
        let mut row = object.blank.clone();
        for (name, value) in values {
            write(&mut row, object.entity.index_of(name), value);
        }
        self.stamp(object, &mut row, id);
        let change = (ChangeType::Create, Cause::Consequence);
        self.step(object, id, None, row, change);
    }

    /// Makes a new version the latest of its document.
    fn supersede(
        &mut self,
        object: &Blueprint,
        version: RecordId,
        document: RecordId,
    ) -> Result<(), Error> {
        let latest = object.entity.index_of("IsLatest");
        for (id, row) in self.versions(document)? {
            if id != version && read(&row, latest).as_bool() == Some(true) {
                let mut after = Row::clone(&row);
                write(&mut after, latest, Value::Boolean(false));
                self.touch(object, &mut after);
                let change = (ChangeType::Update, Cause::Consequence);
                self.step(object, id, Some(row), after, change);
            }
        }
        let row = self.workspace.row(object, version)?;
        let row = row.ok_or_else(|| defect("a version is not there"))?;
        let mut values = shared(object, &row);
        values.push(("LatestPublishedVersionId", Value::Id(version)));
        self.change_along(self.named(DOCUMENT)?, document, values)
    }

    /// Brings the document in step with its latest version, or that version with its document.
    pub(super) fn settle_titles(
        &mut self,
        object: &Blueprint,
        id: RecordId,
        before: &Row,
    ) -> Result<(), Error> {
        let (other, reference) = match object.entity.name.as_str() {
            VERSION => (DOCUMENT, OF_DOCUMENT),
            DOCUMENT => (VERSION, "LatestPublishedVersionId"),
            _ => return Ok(()),
        };
        let row = self.workspace.row(object, id)?;
        let row = row.ok_or_else(|| defect("an updated record is not there"))?;
        let is_latest = object.entity.index_of("IsLatest");
        if is_latest.is_some() && read(&row, is_latest).as_bool() != Some(true) {
            return Ok(());
        }
        let pairs = shared(object, &row).into_iter().zip(shared(object, before));
        let changed = pairs.filter_map(|(after, before)| (after != before).then_some(after));
        let changed: Vec<_> = changed.collect();
        match read(&row, object.entity.index_of(reference)).as_id() {
            Some(id) if !changed.is_empty() => self.change_along(self.named(other)?, id, changed),
            _ => Ok(()),
        }
    }

    /// Changes a record that follows from another one.
    fn change_along(
        &mut self,
        object: &'p Blueprint,
        id: RecordId,
        values: Vec<(&str, Value)>,
    ) -> Result<(), Error> {
        let Some(row) = self.workspace.row(object, id)? else {
            return Ok(());
        };
        let mut after = Row::clone(&row);
        for (name, value) in values {
            write(&mut after, object.entity.index_of(name), value);
        }
        self.touch(object, &mut after);
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(object, id, Some(row), after, change);
        Ok(())
    }

    /// The versions of a document.
    fn versions(&mut self, document: RecordId) -> Result<Vec<(RecordId, Arc<Row>)>, Error> {
        let versions = self.named(VERSION)?;
        let Some(place) = versions.entity.index_of(OF_DOCUMENT) else {
            return Ok(Vec::new());
        };
        let most = limits::CASCADE_RECORDS_MAX;
        let document = Value::Id(document);
        Ok(self
            .workspace
            .live_where(versions, place, &document, most)?)
    }
}

/// Takes the bytes that a request gives out of a row, which keeps how many they are.
pub(super) fn take_bytes(
    object: &Blueprint,
    row: &mut Row,
    given: &[usize],
) -> Result<Option<Vec<u8>>, Fault> {
    let entity = &*object.entity;
    let Some(place) = object.file.filter(|place| given.contains(place)) else {
        return Ok(None);
    };
    let Some(Value::Text(text)) = row.get_mut(place).map(std::mem::take) else {
        return Ok(None);
    };
    let field = entity.fields.get(place);
    let field = field.ok_or_else(|| defect("a file has no field"))?;
    let bytes = decoded(text).ok_or_else(|| {
        Fault::Value(ValueFault::Refused {
            field: subject(field),
            reason: "value not of required type".to_owned(),
        })
    })?;
    let max = bytes_max(entity);
    if bytes.len() > max {
        let field = field.name.clone();
        return Err(Fault::Value(ValueFault::FileTooLarge { field, max }));
    }
    write(row, Some(place), Value::Text(bytes.len().to_string()));
    let length = Value::Integer(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    for name in ["BodyLength", "ContentSize", "ContentSizeLong"] {
        write(row, entity.index_of(name), length.clone());
    }
    if let Some(place) = entity.index_of("Checksum") {
        let checksum = hex(&Md5::digest(&bytes));
        write(row, Some(place), Value::Text(checksum));
    }
    Ok(Some(bytes))
}

fn shared(object: &Blueprint, row: &Row) -> Vec<(&'static str, Value)> {
    let values = SHARED.map(|name| (name, read(row, object.entity.index_of(name)).clone()));
    values.into()
}

/// What a new version has by its path: a title, and the kind of file.
fn describe_version(fields: &mut Fields<'_>) -> Result<(), Fault> {
    let required = |name: &str| {
        Fault::Field(FieldFault::Required {
            fields: vec![FieldName::new(name)],
        })
    };
    let is_link = !fields.get("ContentUrl").is_null();
    if fields.get(BYTES).is_null() && !is_link {
        return Err(required(BYTES));
    }
    let path = match fields.get("PathOnClient").as_text() {
        Some(path) => path.to_owned(),
        None if is_link => String::new(),
        None => return Err(required("PathOnClient")),
    };
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if fields.get("Title").is_null() && !stem.is_empty() {
        let length = length(fields.entity, "Title");
        let title = stem.chars().take(length).collect();
        fields.set("Title", Value::Text(title));
    }
    let extension = extension.to_ascii_lowercase();
    let kind = if is_link {
        "LINK"
    } else {
        file_type(&extension)
    };
    fields.set("FileType", Value::Text(kind.to_owned()));
    if !extension.is_empty() && extension.len() <= length(fields.entity, "FileExtension") {
        fields.set("FileExtension", Value::Text(extension));
    }
    let location = if is_link { "L" } else { "S" };
    fields.set("ContentLocation", Value::Text(location.to_owned()));
    if fields.get("Origin").is_null() {
        fields.set("Origin", Value::Text("C".to_owned()));
    }
    fields.set("PublishStatus", Value::Text("R".to_owned()));
    Ok(())
}

/// How many characters a field holds.
fn length(entity: &EntityDefinition, name: &str) -> usize {
    let length = entity.field(name).map_or(0, |(_, field)| field.length);
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// The kind of a file by its extension.
fn file_type(extension: &str) -> &'static str {
    match extension {
        "pdf" => "PDF",
        "txt" | "log" => "TEXT",
        "csv" => "CSV",
        "doc" => "WORD",
        "docx" => "WORD_X",
        "xls" => "EXCEL",
        "xlsx" => "EXCEL_X",
        "ppt" => "POWER_POINT",
        "pptx" => "POWER_POINT_X",
        "png" => "PNG",
        "jpg" | "jpeg" => "JPG",
        "gif" => "GIF",
        "bmp" => "BMP",
        "svg" => "SVG",
        "zip" => "ZIP",
        "xml" => "XML",
        "html" | "htm" => "HTML",
        "rtf" => "RTF",
        "mp3" => "MP3",
        "mp4" => "MP4",
        "mov" => "MOV",
        "snote" => "SNOTE",
        _ => "UNKNOWN",
    }
}

fn decoded(mut text: String) -> Option<Vec<u8>> {
    text.retain(|character| !character.is_ascii_whitespace());
    BASE64.decode(text).ok()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

//! Files over the REST API: base64 among the values, parts of their own, and their bytes.

use serde_json::json;

use crate::org::Org;

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=\"b0\"");

fn parts(values: &str, field: &str, bytes: &str) -> String {
    format!(
        "--b0\r\nContent-Disposition: form-data; name=\"entity_content\";\r\nContent-Type: application/json\r\n\r\n\
         {values}\r\n--b0\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: form-data; name=\"{field}\"; filename=\"a.txt\"\r\n\r\n{bytes}\r\n--b0--\r\n"
    )
}

#[tokio::test]
async fn a_version_comes_as_base64_and_is_read_as_bytes() {
    let org = Org::with(Vec::new()).await;
    let values = json!({"PathOnClient": "a.txt", "VersionData": "aGVsbG8="});
    let id = org.create("ContentVersion", &values).await;
    let record = org.record("ContentVersion", &id).await;
    let path = record["VersionData"].as_str().expect("an address");
    assert_eq!(
        path,
        format!(
            "{}/sobjects/ContentVersion/{id}/VersionData",
            crate::org::DATA
        )
    );
    assert_eq!(record["ContentSize"], 5);
    let answer = org.get(path).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(answer.headers["content-type"], "application/octetstream");
    let query = "/query?q=SELECT+VersionData,ContentDocument.Title+FROM+ContentVersion";
    let found = org.get(query).await.json();
    assert_eq!(found["records"][0]["VersionData"], path);
    assert_eq!(found["records"][0]["ContentDocument"]["Title"], "a");
    let missing = path.replace(&id, "068000000000001AAA");
    assert_eq!(org.get(&missing).await.status, 404);
    assert_eq!(org.post(path, &json!({})).await.status, 405);
}

#[tokio::test]
async fn a_file_comes_in_a_part_of_its_own() {
    let org = Org::with(Vec::new()).await;
    let account = org.create("Account", &json!({"Name": "Acme"})).await;
    let values = json!({"Name": "a.txt", "ParentId": account}).to_string();
    let body = parts(&values, "Body", "line 1\r\n--b line 2");
    let path = "/sobjects/Attachment";
    let answer = org.send("POST", path, &[MULTIPART], body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("{path}/{id}");
    let read = org.get(&format!("{path}/Body")).await;
    assert_eq!(read.body, "line 1\r\n--b line 2");
    let body = parts("{\"Name\":\"b.txt\"}", "Body", "short");
    let answer = org.send("PATCH", &path, &[MULTIPART], body).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(org.get(&format!("{path}/Body")).await.body, "short");
    assert_eq!(org.record("Attachment", &id).await["BodyLength"], 5);
    let path = format!("/sobjects/Account/{account}/Attachments");
    let children = org.get(&path).await;
    assert_eq!(children.json()["totalSize"], 1);
}

#[tokio::test]
async fn parts_that_cannot_be_read_are_refused() {
    let org = Org::with(Vec::new()).await;
    for body in [
        "--b0\r\n".to_owned(),
        parts("{\"Name\":\"a\"}", "Other", "x"),
    ] {
        let answer = org.send("POST", "/sobjects/Attachment", &[MULTIPART], body);
        let answer = answer.await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.json()[0]["errorCode"], "INVALID_MULTIPART_REQUEST");
    }
    let body = parts("no JSON", "Body", "x");
    let answer = org.send("POST", "/sobjects/Attachment", &[MULTIPART], body);
    assert_eq!(answer.await.json()[0]["errorCode"], "JSON_PARSER_ERROR");
    let answer = org.send(
        "POST",
        "/sobjects/Account",
        &[MULTIPART],
        parts("{}", "Body", "x"),
    );
    assert_eq!(answer.await.status, 415);
}

/// The example of the documentation, with one record more, whose part is missing.
#[tokio::test]
async fn the_files_of_a_collection_are_parts_that_its_records_name() {
    let org = Org::with(Vec::new()).await;
    let record = |name: &str, part: &str| {
        json!({"attributes": {"type": "ContentVersion", "binaryPartName": part, "binaryPartNameAlias": "VersionData"},
            "PathOnClient": name, "VersionData": part})
    };
    let records = [
        record("a.txt", "one"),
        record("b.txt", "two"),
        record("c.txt", "three"),
    ];
    let values = json!({"allOrNone": false, "records": records}).to_string();
    let file = |name: &str, bytes: &str| {
        format!(
            "--b0\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n{bytes}\r\n"
        )
    };
    let body = format!(
        "--b0\r\nContent-Disposition: form-data; name=\"collection\"\r\n\
         Content-Type: application/json\r\n\r\n{values}\r\n{}{}--b0--",
        file("two", "second"),
        file("one", "first"),
    );
    let answer = org
        .send("POST", "/composite/sobjects", &[MULTIPART], body)
        .await;
    let results = answer.json();
    assert_eq!(
        results[2]["errors"][0]["statusCode"],
        "INVALID_MULTIPART_REQUEST"
    );
    for (place, bytes) in [(0, "first"), (1, "second")] {
        let id = results[place]["id"].as_str().expect("an id");
        let read = org
            .get(&format!("/sobjects/ContentVersion/{id}/VersionData"))
            .await;
        assert_eq!(read.body, bytes);
        let part = json!({"compositeRequest": [{"method": "GET", "referenceId": "file",
            "url": format!("{}/sobjects/ContentVersion/{id}/VersionData", crate::org::DATA)}]});
        let answer = org.post("/composite", &part).await.json();
        assert_eq!(
            answer["compositeResponse"][0]["httpStatusCode"], 404,
            "{answer}"
        );
    }
}

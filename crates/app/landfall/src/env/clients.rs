//! The clients that `landfall env --client` has a snippet for: one declaration each.
//!
//! The page docs/snippets.md is made from it, and a test holds it to that.

/// What a snippet is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Shell,
    JavaScript,
    Python,
    Java,
    Go,
}

impl Language {
    /// What begins a comment.
    pub(super) const fn comment(self) -> &'static str {
        match self {
            Self::Shell | Self::Python => "#",
            Self::JavaScript | Self::Java | Self::Go => "//",
        }
    }

    /// Its name, as a fenced block of Markdown has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Shell => "sh",
            Self::JavaScript => "js",
            Self::Python => "py",
            Self::Java => "java",
            Self::Go => "go",
        }
    }
}

/// How a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// As the target's URL says.
    AsTarget,
    /// Over TLS only.
    Tls,
    /// Over TLS, to the vendor's host names only, through a proxy.
    VendorHosts,
}

/// What a client logs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// With a user name and a password.
    User,
    /// With a user name and a password, or an access token.
    UserOrToken,
    /// With an access token.
    Token,
}

/// A client, and how it is pointed at an org.
pub(super) struct Client {
    /// Its name, then others that it is known by.
    pub(super) names: &'static [&'static str],
    /// What it is.
    pub(super) title: &'static str,
    pub(super) language: Language,
    /// How to get it.
    pub(super) install: &'static str,
    pub(super) transport: Transport,
    pub(super) login: Login,
    /// Variables that name the certificate authority for it.
    pub(super) trust: &'static [&'static str],
    /// See [`super::render::render`].
    pub(super) template: &'static str,
}

impl Client {
    pub(super) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

/// The client of this name.
pub(super) fn named(name: &str) -> Option<&'static Client> {
    let is_meant = |known: &&str| known.eq_ignore_ascii_case(name);
    ALL.iter().find(|client| client.names.iter().any(is_meant))
}

/// Every name, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|client| client.names.iter().copied())
}

/// Node, and what stands on it.
const NODE: &[&str] = &["NODE_EXTRA_CA_CERTS"];
/// requests, and what stands on it.
const REQUESTS: &[&str] = &["REQUESTS_CA_BUNDLE"];

/// All of them, the most general first.
pub(super) const ALL: &[Client] = &[
    Client {
        names: &["curl", "rest"],
        title: "curl: the REST API",
        language: Language::Shell,
        install: "",
        transport: Transport::AsTarget,
        login: Login::UserOrToken,
        trust: &["CURL_CA_BUNDLE"],
        template: r#"
[user] TOKEN=$(curl -fsS @url@/services/oauth2/token -d grant_type=password \
[user]   --data-urlencode client_id=@client_id@ --data-urlencode client_secret=@client_secret@ \
[user]   --data-urlencode username=@username@ --data-urlencode password=@password@ |
[user]   sed 's/.*"access_token":"\([^"]*\)".*/\1/')
[token] TOKEN=@token@
curl -fsS -G @url@/services/data/v59.0/query -H "Authorization: Bearer $TOKEN" \
  --data-urlencode 'q=SELECT Id, Name FROM Account'
"#,
    },
    Client {
        names: &["sf", "sfdx", "salesforce-cli"],
        title: "sf: the Salesforce CLI",
        language: Language::Shell,
        install: "npm install --global @salesforce/cli",
        transport: Transport::AsTarget,
        login: Login::Token,
        trust: NODE,
        template: r"
SF_ACCESS_TOKEN=@token@ sf org login access-token --no-prompt --instance-url @url@ --alias landfall
sf data query --target-org landfall --query 'SELECT Id, Name FROM Account'
",
    },
    Client {
        names: &["jsforce"],
        title: "jsforce 3",
        language: Language::JavaScript,
        install: "npm install jsforce",
        transport: Transport::AsTarget,
        login: Login::UserOrToken,
        trust: NODE,
        template: r"
import jsforce from 'jsforce';

[user] const connection = new jsforce.Connection({ loginUrl: @url@, version: '59.0' });
[user] await connection.login(@username@, @password@);
[token] const connection = new jsforce.Connection({ instanceUrl: @url@, accessToken: @token@, version: '59.0' });
console.log(await connection.query('SELECT Id, Name FROM Account'));
",
    },
    Client {
        names: &["cometd", "cometd-nodejs-client"],
        title: "CometD for Node: the Streaming API",
        language: Language::JavaScript,
        install: "npm install cometd@9 cometd-nodejs-client@2",
        transport: Transport::AsTarget,
        login: Login::Token,
        trust: NODE,
        template: r"
import { CometD } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

adapt();
const client = new CometD();
client.unregisterTransport('websocket');
client.configure({
  url: @cometd@,
  requestHeaders: { Authorization: 'Bearer ' + @token@ },
  appendMessageTypeToURL: false,
});
client.addListener('/meta/handshake', ({ successful }) => {
  if (successful) client.subscribe('/data/AccountChangeEvent', ({ data }) => console.log(JSON.stringify(data)));
});
client.handshake();
",
    },
    Client {
        names: &["faye"],
        title: "faye: the Streaming API",
        language: Language::JavaScript,
        install: "npm install faye@1.4",
        transport: Transport::AsTarget,
        login: Login::Token,
        trust: NODE,
        template: r"
import faye from 'faye';

const client = new faye.Client(@cometd@);
client.disable('websocket');
client.setHeader('Authorization', 'Bearer ' + @token@);
await client.subscribe('/data/AccountChangeEvent', (data) => console.log(JSON.stringify(data)));
",
    },
    Client {
        names: &["salesforce-pubsub-api-client", "pubsub-node"],
        title: "salesforce-pubsub-api-client: the Pub/Sub API in Node",
        language: Language::JavaScript,
        install: "npm install salesforce-pubsub-api-client underscore",
        transport: Transport::AsTarget,
        login: Login::UserOrToken,
        trust: NODE,
        template: r"
import PubSubApiClient from 'salesforce-pubsub-api-client';

const client = new PubSubApiClient({
[user]   authType: 'username-password',
[user]   loginUrl: @url@,
[user]   username: @username@,
[user]   password: @password@,
[user]   userToken: '',
[token]   authType: 'user-supplied',
[token]   instanceUrl: @https@,
[token]   accessToken: @token@,
[token]   organizationId: @org@,
  pubSubEndpoint: @pubsub@,
[local]   rejectUnauthorizedSsl: false,
});
await client.connect();
client.subscribe('/data/AccountChangeEvent', (subscription, type, data) => console.log(type, data));
",
    },
    Client {
        names: &["simple-salesforce", "simple_salesforce"],
        title: "simple-salesforce",
        language: Language::Python,
        install: "pip install simple-salesforce",
        transport: Transport::Tls,
        login: Login::UserOrToken,
        trust: REQUESTS,
        template: r"
[user] from simple_salesforce import Salesforce, SalesforceLogin
[token] from simple_salesforce import Salesforce

[user] session_id, instance = SalesforceLogin(
[user]     username=@username@, password=@password@, security_token='', scratch_url=@url@)
[user] sf = Salesforce(session_id=session_id, instance=instance)
[token] sf = Salesforce(session_id=@token@, instance=@authority@)
print(sf.query('SELECT Id, Name FROM Account'))
",
    },
    Client {
        names: &["salesforce-bulk", "salesforce_bulk"],
        title: "salesforce-bulk: the Bulk API before 2.0",
        language: Language::Python,
        install: "pip install salesforce-bulk",
        transport: Transport::Tls,
        login: Login::Token,
        trust: REQUESTS,
        template: r"
from salesforce_bulk import SalesforceBulk

bulk = SalesforceBulk(sessionId=@token@, host=@authority@, API_version='59.0')
job = bulk.create_query_job('Account', contentType='JSON')
batch = bulk.query(job, 'SELECT Id, Name FROM Account')
bulk.wait_for_batch(job, batch)
for page in bulk.get_all_results_for_query_batch(batch):
    print(page.read().decode())
bulk.close_job(job)
",
    },
    Client {
        names: &["aiosfstream-ng", "aiosfstream"],
        title: "aiosfstream-ng: the Streaming API in Python",
        language: Language::Python,
        install: "pip install aiosfstream-ng",
        transport: Transport::AsTarget,
        login: Login::User,
        trust: &["SSL_CERT_FILE"],
        template: r"
import asyncio
from aiosfstream_ng import Client, PasswordAuthenticator


class Login(PasswordAuthenticator):
    _token_url = @token_url@  # a constant of the library, otherwise


async def main():
    login = Login(consumer_key=@client_id@, consumer_secret=@client_secret@,
                  username=@username@, password=@password@)
    async with Client(login, connection_timeout=0) as client:
        await client.subscribe('/data/AccountChangeEvent')
        async for message in client:
            print(message['data'], flush=True)


asyncio.run(main())
",
    },
    Client {
        names: &["pubsub-python", "grpcio"],
        title: "grpcio: the Pub/Sub API in Python",
        language: Language::Python,
        install: "pip install grpcio; docs/pubsub.md has the stubs and the decoding of events",
        transport: Transport::AsTarget,
        login: Login::Token,
        trust: &[],
        template: r"
import grpc

metadata = (('accesstoken', @token@), ('instanceurl', @url@), ('tenantid', @org@))
[plain] channel = grpc.insecure_channel(@pubsub@)
[own] with open(@ca@, 'rb') as authority:
[own]     credentials = grpc.ssl_channel_credentials(authority.read())
[own] channel = grpc.secure_channel(@pubsub@, credentials)
[public] channel = grpc.secure_channel(@pubsub@, grpc.ssl_channel_credentials())
grpc.channel_ready_future(channel).result(timeout=10)
",
    },
    Client {
        names: &["dlt"],
        title: "dlt with its verified source for Salesforce",
        language: Language::Python,
        install: "pip install 'dlt[duckdb]' && dlt init salesforce duckdb",
        transport: Transport::Tls,
        login: Login::Token,
        trust: REQUESTS,
        template: r"
import dlt
from salesforce import salesforce_source
from salesforce.helpers.client import InstanceAuth

source = salesforce_source(credentials=InstanceAuth(session_id=@token@, instance_url=@url@))
pipeline = dlt.pipeline('landfall', destination='duckdb', dataset_name='crm')
print(pipeline.run(source.with_resources('account', 'contact', 'opportunity')))
",
    },
    Client {
        names: &["tap-salesforce", "meltano", "singer"],
        title: "tap-salesforce, a Singer tap",
        language: Language::Shell,
        install: "pip install tap-salesforce; start the org by landfall dev --as-salesforce --oauth-auto-approve USERNAME",
        transport: Transport::VendorHosts,
        login: Login::User,
        trust: REQUESTS,
        template: r#"
CODE=$(curl -fsS -o /dev/null -w '%{redirect_url}' -G @plain@/services/oauth2/authorize -d response_type=code \
  --data-urlencode client_id=@client_id@ -d redirect_uri=http://127.0.0.1/done \
  --data-urlencode 'scope=api refresh_token' |
  sed 's/.*code=\([^&]*\).*/\1/')
REFRESH_TOKEN=$(curl -fsS @plain@/services/oauth2/token -d grant_type=authorization_code -d "code=$CODE" \
  --data-urlencode client_id=@client_id@ --data-urlencode client_secret=@client_secret@ \
  -d redirect_uri=http://127.0.0.1/done | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')
cat > tap.json <<END
{"client_id": "$(printf %s @client_id@)", "client_secret": "$(printf %s @client_secret@)",
 "refresh_token": "$REFRESH_TOKEN", "start_date": "2020-01-01T00:00:00Z",
 "api_type": "REST", "select_fields_by_default": true}
END
export HTTPS_PROXY=@plain@
tap-salesforce --config tap.json --discover > catalog.json
"#,
    },
    Client {
        names: &["airbyte", "airbyte-source-salesforce", "source-salesforce"],
        title: "Airbyte's source for Salesforce",
        language: Language::Shell,
        install: "pip install airbyte-source-salesforce; start the org by landfall dev --as-salesforce --oauth-auto-approve USERNAME",
        transport: Transport::VendorHosts,
        login: Login::User,
        trust: REQUESTS,
        template: r#"
CODE=$(curl -fsS -o /dev/null -w '%{redirect_url}' -G @plain@/services/oauth2/authorize -d response_type=code \
  --data-urlencode client_id=@client_id@ -d redirect_uri=http://127.0.0.1/done \
  --data-urlencode 'scope=api refresh_token' |
  sed 's/.*code=\([^&]*\).*/\1/')
REFRESH_TOKEN=$(curl -fsS @plain@/services/oauth2/token -d grant_type=authorization_code -d "code=$CODE" \
  --data-urlencode client_id=@client_id@ --data-urlencode client_secret=@client_secret@ \
  -d redirect_uri=http://127.0.0.1/done | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')
cat > config.json <<END
{"client_id": "$(printf %s @client_id@)", "client_secret": "$(printf %s @client_secret@)",
 "refresh_token": "$REFRESH_TOKEN", "auth_type": "Client", "is_sandbox": false,
 "start_date": "2020-01-01T00:00:00Z"}
END
export HTTPS_PROXY=@plain@
source-salesforce check --config config.json
"#,
    },
    Client {
        names: &["emp-connector", "java", "cometd-java"],
        title: "EMP-Connector: the Streaming API in Java",
        language: Language::Java,
        install: "https://github.com/forcedotcom/EMP-Connector; docs/clients.md has the trust store of Java",
        transport: Transport::Tls,
        login: Login::User,
        trust: &[],
        template: r#"
BearerTokenProvider login = new BearerTokenProvider(() -> {
    try {
        return LoginHelper.login(new URL(@url@), @username@, @password@);
    } catch (Exception refused) {
        throw new IllegalStateException(refused);
    }
});
EmpConnector connector = new EmpConnector(login.login());
connector.setBearerTokenProvider(login);
connector.start().get(5, TimeUnit.SECONDS);
connector.subscribe("/data/AccountChangeEvent", EmpConnector.REPLAY_FROM_TIP, event -> System.out.println(event))
    .get(5, TimeUnit.SECONDS);
"#,
    },
    Client {
        names: &["go", "golang"],
        title: "Go: net/http",
        language: Language::Go,
        install: "",
        transport: Transport::AsTarget,
        login: Login::UserOrToken,
        trust: &["SSL_CERT_FILE"],
        template: r#"
[user] answer, err := http.PostForm(@token_url@, url.Values{
[user] 	"grant_type": {"password"}, "client_id": {@client_id@}, "client_secret": {@client_secret@},
[user] 	"username": {@username@}, "password": {@password@},
[user] })
[token] request, err := http.NewRequest("GET", @url@+"/services/data/v59.0/limits", nil)
[token] request.Header.Set("Authorization", "Bearer "+@token@)
[token] answer, err := http.DefaultClient.Do(request)
"#,
    },
];

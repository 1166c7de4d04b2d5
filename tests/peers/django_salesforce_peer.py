"""django-salesforce, where objects of an org are models: `django_salesforce_peer.py [SCENARIO]`."""

import os

from python_peer import CLIENT, USER, Server, run

PEER = "django-salesforce"


def configured(server):
    """Django with the org as its database."""
    import django
    from django.conf import settings

    os.environ.update({"REQUESTS_CA_BUNDLE": server.as_salesforce()["REQUESTS_CA_BUNDLE"]})
    org = {
        "ENGINE": "salesforce.backend",
        "CONSUMER_KEY": CLIENT["client_id"],
        "CONSUMER_SECRET": CLIENT["client_secret"],
        "USER": USER["username"],
        "PASSWORD": USER["password"],
        "HOST": f"https://{server.authority}",
    }
    local = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    settings.configure(
        DATABASES={"default": local, "salesforce": org},
        DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
        INSTALLED_APPS=["salesforce"],
        SALESFORCE_QUERY_TIMEOUT=(10, 30),
        USE_TZ=True,
    )
    django.setup()


def records():
    """Records are made, found by their fields and by those of their parents, changed and deleted."""
    with Server(f"{PEER}-records") as server:
        configured(server)
        from salesforce import models

        class Account(models.Model):
            Name = models.CharField(max_length=255)
            Industry = models.CharField(max_length=40, null=True)
            AnnualRevenue = models.DecimalField(max_digits=18, decimal_places=0, null=True)

            class Meta(models.Model.Meta):
                app_label = "peers"
                db_table = "Account"

        class Contact(models.Model):
            LastName = models.CharField(max_length=80)
            Parent = models.ForeignKey(Account, models.DO_NOTHING, db_column="AccountId", null=True)
            CreatedDate = models.DateTimeField(sf_read_only=models.READ_ONLY)

            class Meta(models.Model.Meta):
                app_label = "peers"
                db_table = "Contact"

        acme = Account.objects.create(Name="Acme", Industry="Energy", AnnualRevenue=10)
        assert acme.pk.startswith("001"), acme.pk
        Contact.objects.bulk_create([Contact(LastName=name, Parent=acme) for name in ("Boyle", "Curie")])
        found = Contact.objects.filter(Parent__Industry="Energy").order_by("LastName")
        assert [contact.LastName for contact in found] == ["Boyle", "Curie"]
        assert found[0].CreatedDate.tzinfo is not None
        assert found[0].Parent.Name == "Acme"
        Account.objects.filter(Name="Acme").update(Industry="Banking")
        assert Account.objects.get(pk=acme.pk).Industry == "Banking"
        assert Contact.objects.filter(Parent__Industry="Energy").count() == 0
        acme.delete()
        assert not Account.objects.filter(pk=acme.pk).exists()


if __name__ == "__main__":
    run(PEER, {"records": records})

"""Title words: which words of a job title say how high it stands, and what it works on?

Data for `features.titles`, nothing else. Phrases are parted by commas, and written as that module
reads a title: in small letters, without accents or marks, German umlauts written out. The phrases
of the empty name say nothing; they keep their words from being counted one by one.
"""

LEVELS = {
    "student": (
        "student, intern, internship, trainee, apprentice, working student, werkstudent, "
        "werkstudentin, praktikant, praktikantin, azubi, auszubildende, auszubildender, "
        "stagiair, stagiaire, alternant, alternante, apprenti, etudiant, etudiante, becario, "
        "becaria, practicante, estudiante"
    ),
    "assistant": (
        "assistant, assistants, secretary, receptionist, pa, assistent, assistentin, "
        "assistente, assistante, asistente, sekretaer, sekretaerin, secretaresse, secretaire, "
        "secretaria, vorstandsassistent, vorstandsassistentin, teamassistenz, assistenz, "
        "directiesecretaresse, directieassistent, managementassistent, management assistent"
    ),
    "junior": "junior, jr, jnr, entry level, graduate, berufseinsteiger",
    "specialist": (
        "specialist, individual contributor, headhunter, engineer, developer, programmer, analyst, "
        "consultant, designer, architect, scientist, accountant, bookkeeper, buyer, purchaser, "
        "recruiter, marketer, copywriter, writer, editor, representative, rep, agent, advisor, "
        "adviser, administrator, admin, coordinator, officer, technician, planner, associate, "
        "strategist, researcher, lawyer, attorney, counsel, auditor, executive, expert, "
        "operator, clerk, salesperson, sdr, bdr, csm, tester, sysadmin, trainer, evangelist, "
        "scrum master, employee, staff, teacher, nurse, generalist, merchandiser, business "
        "partner, product owner, process owner, data owner, service owner, system owner, "
        "application owner, account owner, account manager, key account manager, product "
        "manager, project manager, program manager, programme manager, customer success manager, "
        "office manager, community manager, social media manager, content manager, relationship "
        "manager, partner manager, case manager, talent partner, webmaster, entwickler, "
        "entwicklerin, ingenieur, ingenieurin, sachbearbeiter, sachbearbeiterin, berater, "
        "beraterin, referent, referentin, kaufmann, kauffrau, mitarbeiter, mitarbeiterin, "
        "techniker, technikerin, einkaeufer, einkaeuferin, verkaeufer, verkaeuferin, buchhalter, "
        "buchhalterin, projektleiter, projektleiterin, projektmanager, produktmanager, "
        "spezialist, medewerker, medewerkster, adviseur, ontwikkelaar, inkoper, verkoper, "
        "boekhouder, projectleider, projectmanager, accountmanager, productmanager, developpeur, "
        "developpeuse, ingenieure, charge, chargee, conseiller, conseillere, technicien, "
        "technicienne, comptable, acheteur, acheteuse, vendeur, vendeuse, commercial, "
        "commerciale, juriste, analyste, chef de projet, chef de produit, cheffe de projet, "
        "ingeniero, ingeniera, desarrollador, desarrolladora, analista, consultor, consultora, "
        "asesor, asesora, tecnico, tecnica, comprador, compradora, vendedor, vendedora, "
        "contable, contador, abogado, abogada, comercial, especialista, cooerdinator, sales "
        "engineer, delivery manager, customer manager"
    ),
    "senior": (
        "senior, sr, snr, lead, principal, staff engineer, tech lead, technical lead, "
        "seniorberater, seniorberaterin, senior associate"
    ),
    "manager": (
        "manager, mgr, supervisor, team lead, team leader, team manager, sales lead, group lead, "
        "teamleiter, teamleiterin, teamleitung, gruppenleiter, gruppenleiterin, controller, "
        "managerin, teamleider, leidinggevende, bedrijfsleider, responsable, chef d equipe, chef "
        "de service, gestionnaire, gerente, encargado, encargada, foreman"
    ),
    "head": (
        "head, chief, chief of staff, leiter, leiterin, leitung, abteilungsleiter, "
        "abteilungsleiterin, bereichsleiter, bereichsleiterin, vertriebsleiter, "
        "vertriebsleiterin, vertriebsleitung, marketingleiter, marketingleiterin, "
        "marketingleitung, it leiter, it leitung, personalleiter, personalleiterin, "
        "einkaufsleiter, einkaufsleiterin, entwicklungsleiter, produktionsleiter, werksleiter, "
        "niederlassungsleiter, niederlassungsleiterin, hoofd, afdelingshoofd, afdelingsmanager, "
        "chef, cheffe, jefe, jefa"
    ),
    "director": (
        "director, directors, dir, general counsel, country manager, general manager, gm, "
        "direktor, direktorin, prokurist, prokuristin, directeur, directrice, directora, "
        "subdirector, subdirectora, dsi, drh, daf, company secretary"
    ),
    "vice president": (
        "vp, svp, evp, avp, rvp, vice president, vice presidente, vice presidenta, "
        "vicepresident, vicepresidente, vicepresidenta, vice presidentin, vizepraesident, "
        "vizepraesidentin"
    ),
    "c-level": (
        "c level, c suite, ceo, cfo, cto, cio, coo, cmo, cro, cpo, cdo, chro, ciso, cso, cco, "
        "cxo, clo, president, chairman, chairwoman, chairperson, chair, board member, managing "
        "director, geschaeftsfuehrer, geschaeftsfuehrerin, geschaeftsfuehrung, geschaeftsleiter, "
        "geschaeftsleiterin, geschaeftsleitung, vorstand, vorstandsmitglied, "
        "vorstandsvorsitzender, vorstandsvorsitzende, vorstaendin, algemeen directeur, "
        "bestuurder, directeur general, directrice generale, pdg, dg, presidente, gerant, "
        "gerante, presidenta, director general, directora general, gerente general, consejero "
        "delegado, consejera delegada, director ejecutivo, directora ejecutiva, chief executive, "
        "board of directors, member of the board, supervisory board, board director, directeur "
        "bestuurder, verwaltungsrat, aufsichtsrat, lid raad van bestuur, raad van bestuur, "
        "chairman of the board"
    ),
    "owner": (
        "owner, co owner, founder, cofounder, founders, proprietor, self employed, freelancer, "
        "sole trader, entrepreneur, businessman, businesswoman, managing partner, founding "
        "partner, equity partner, senior partner, partner at, shareholder, inhaber, inhaberin, "
        "gruender, gruenderin, gesellschafter, gesellschafterin, unternehmer, unternehmerin, "
        "selbststaendig, eigentuemer, eigentuemerin, eigenaar, eigenaresse, mede eigenaar, "
        "oprichter, vennoot, ondernemer, zaakvoerder, dga, zzp er, zzp, proprietaire, fondateur, "
        "fondatrice, cofondateur, cofondatrice, associe gerant, independant, entrepreneuse, "
        "dueno, duena, propietario, propietaria, fundador, fundadora, cofundador, cofundadora, "
        "socio, socia, autonomo, autonoma, empresario, empresaria, associe, associee"
    ),
    "": (
        "lead generation, lead gen, head office, executive search, board of education, past "
        "president, channel partner, partner marketing"
    ),
}
"""Phrases by level, from the lowest."""

WHOLE = {
    "partner": "owner",
    "executive": "c-level",
    "board": "c-level",
    "management": "manager",
    "entry": "junior",
}
"""What says so only as the whole of a title: a "partner manager" owns nothing."""

FUNCTIONS = {
    "sales": (
        "sales, account executive, account manager, key account manager, account management, "
        "account director, key account, account owner, business development, business developer, "
        "bdr, sdr, cro, cco, revenue, presales, pre sales, sales engineer, sales operations, "
        "sales ops, revenue operations, revops, sales enablement, inside sales, commercial, "
        "vertrieb, vertriebsleiter, vertriebsleiterin, vertriebsleitung, verkauf, verkaeufer, "
        "verkaeuferin, aussendienst, aussendienstmitarbeiter, vertriebsmitarbeiter, verkoop, "
        "verkoper, accountmanager, buitendienst, commercieel, ventes, vente, vendeur, vendeuse, "
        "commerciale, ingenieur commercial, ventas, vendedor, vendedora, comercial"
    ),
    "marketing": (
        "marketing, product marketing, marketing operations, marketing analytics, cmo, brand, "
        "growth, demand generation, demand gen, lead generation, lead gen, seo, sem, ppc, "
        "content, social media, community manager, communications, communication, public "
        "relations, pr, copywriter, advertising, media buyer, market research, marketer, "
        "marketeer, events, campaign, campaigns, marketingleiter, marketingleiterin, "
        "marketingleitung, kommunikation, werbung, communicatie, mercadeo, mercadotecnia, "
        "comunicacion"
    ),
    "customer success": (
        "customer success, customer success manager, customer success engineer, customer "
        "support, customer service, customer care, customer experience, customer operations, "
        "customer relations, client success, client services, client support, csm, onboarding, "
        "support, technical support, support engineer, kundenservice, kundenbetreuung, "
        "kundenbetreuer, kundendienst, kundenerfolg, klantenservice, klantenondersteuning, "
        "service client, relation client, atencion al cliente, servicio al cliente"
    ),
    "product": (
        "product, product manager, product management, product owner, cpo, produkt, "
        "produktmanager, produktmanagerin, produktmanagement, productmanager, productmanagement, "
        "produit, chef de produit, producto"
    ),
    "design": (
        "design, designer, ux, ui, ux researcher, user experience, user research, creative, art "
        "director, graphic, product design, product designer, ux designer, illustrator, "
        "gestaltung, gestalter, vormgever, vormgeving, graphiste, disenador, disenadora, diseno"
    ),
    "engineering": (
        "engineering, software engineer, software engineering, software developer, software "
        "development, web developer, software architect, devops, dev ops, sre, site reliability, "
        "backend, back end, frontend, front end, full stack, fullstack, ios, android, embedded, "
        "firmware, qa, cto, chief technology, tech lead, programmer, entwickler, entwicklerin, "
        "entwicklung, entwicklungsleiter, softwareentwickler, softwareentwicklung, ontwikkelaar, "
        "ontwikkeling, softwareontwikkelaar, developpeur, developpeuse, desarrollador, "
        "desarrolladora, desarrollo"
    ),
    "data": (
        "data, data science, data scientist, data engineer, data engineering, data analyst, data "
        "owner, analytics, machine learning, ml, ai, artificial intelligence, business "
        "intelligence, bi, insights, cdo, statistician, daten, datenanalyst, datawetenschapper, "
        "donnees, datos"
    ),
    "it": (
        "it, it support, it operations, it manager, information technology, information systems, "
        "information security, chief information, chief information security, cybersecurity, "
        "cyber security, security operations, infosec, network, system administrator, systems "
        "administrator, system owner, application owner, sysadmin, infrastructure, helpdesk, "
        "help desk, service desk, database administrator, dba, cloud, erp, sap, cio, ciso, edv, "
        "ict, informatik, fachinformatiker, it leiter, it leitung, systemadministrator, "
        "informatica, systeembeheer, systeembeheerder, informatique, dsi, informatico, sistemas"
    ),
    "research": (
        "research, researcher, research and development, r and d, science, scientific, "
        "laboratory, lab, forschung, forschung und entwicklung, onderzoek, onderzoeker, "
        "recherche, recherche et developpement, chercheur, chercheuse, investigacion, "
        "investigador, investigadora"
    ),
    "operations": (
        "operations, ops, coo, chief operating, supply chain, logistics, warehouse, "
        "manufacturing, production, plant, facility, facilities, quality, quality assurance, "
        "process, process owner, maintenance, fulfillment, project manager, project management, "
        "program manager, programme manager, pmo, delivery manager, scrum master, produktion, "
        "produktionsleiter, werksleiter, logistik, lager, betrieb, betriebsleiter, "
        "betriebsleiterin, qualitaet, projektleiter, projektleiterin, projektmanager, "
        "projektmanagement, productie, logistiek, bedrijfsleider, projectleider, projectmanager, "
        "magazijn, logistique, exploitation, chef de projet, cheffe de projet, operaciones, "
        "logistica, produccion, calidad"
    ),
    "procurement": (
        "procurement, purchasing, buyer, purchaser, sourcing, strategic sourcing, category "
        "manager, vendor management, einkauf, einkaeufer, einkaeuferin, einkaufsleiter, "
        "einkaufsleiterin, beschaffung, inkoop, inkoper, achats, achat, acheteur, acheteuse, "
        "compras, comprador, compradora"
    ),
    "finance": (
        "finance, financial, cfo, accounting, accountant, accounts payable, accounts receivable, "
        "controller, controlling, treasurer, treasury, audit, auditor, tax, fp and a, "
        "bookkeeper, bookkeeping, credit, billing, investor relations, investment, finanzen, "
        "finanz, finanzbuchhaltung, buchhaltung, buchhalter, buchhalterin, rechnungswesen, "
        "steuern, financieel, financien, boekhouder, boekhouding, finances, financier, "
        "financiere, comptable, comptabilite, daf, finanzas, financiero, financiera, contable, "
        "contador, contadora, contabilidad"
    ),
    "legal": (
        "legal, counsel, general counsel, lawyer, attorney, paralegal, solicitor, barrister, "
        "compliance, regulatory, contracts, contract manager, privacy, data protection, data "
        "protection officer, dpo, clo, company secretary, jurist, juristin, recht, rechtsanwalt, "
        "rechtsanwaeltin, rechtsabteilung, syndikus, datenschutz, datenschutzbeauftragter, "
        "juridisch, advocaat, juriste, juridique, avocat, avocate, abogado, abogada, juridico"
    ),
    "hr": (
        "hr, human resources, human resource, human capital, people, people operations, people "
        "and culture, talent, talent acquisition, talent sourcing, recruiter, engineering "
        "recruiter, recruiting, recruitment, headhunter, chro, hrbp, learning and development, l "
        "and d, training and development, payroll, compensation, benefits, employer branding, "
        "personalwesen, personalabteilung, personalleiter, personalleiterin, personalreferent, "
        "personalreferentin, personalentwicklung, personeelszaken, personeel, werving, "
        "ressources humaines, rh, drh, recrutement, recursos humanos, rrhh"
    ),
    "administration": (
        "administration, administrative, office manager, office management, executive assistant, "
        "personal assistant, management assistant, executive secretary, receptionist, back "
        "office, sekretariat, verwaltung, secretariaat, secretaresse, directiesecretaresse, "
        "administratief, secretariat, assistante de direction, administrativo, administrativa"
    ),
}
"""Phrases by function."""

LOOSE = {
    "engineering": (
        "engineer, developer, development, software, technology, technical, tech, architect, "
        "ingenieur, ingenieurin, ingenieure, ingeniero, ingeniera, technik, techniek, technique, "
        "tecnologia"
    ),
    "data": "analyst, analyste, analista",
    "it": "security, systems",
    "research": "scientist",
    "operations": "project, projects",
}
"""Words that name a function where no phrase of `FUNCTIONS` does."""

GENERAL = {
    "general management": (
        "ceo, president, chairman, chairwoman, chairperson, chief executive, managing director, "
        "managing partner, general manager, gm, general management, management, founder, "
        "cofounder, owner, co owner, business owner, proprietor, entrepreneur, executive "
        "director, board member, board of directors, board, geschaeftsfuehrer, "
        "geschaeftsfuehrerin, geschaeftsfuehrung, geschaeftsleiter, geschaeftsleitung, vorstand, "
        "inhaber, inhaberin, gruender, gruenderin, gesellschafter, unternehmer, unternehmerin, "
        "niederlassungsleiter, algemeen directeur, bestuurder, eigenaar, oprichter, ondernemer, "
        "dga, zaakvoerder, directeur general, directrice generale, pdg, dg, gerant, gerante, "
        "fondateur, fondatrice, proprietaire, director general, directora general, gerente "
        "general, consejero delegado, presidente, fundador, fundadora, dueno, duena, "
        "propietario, propietaria"
    ),
    "": "vice president, account owner, past president",
}
"""Words that speak for the whole company, where nothing narrower is said."""

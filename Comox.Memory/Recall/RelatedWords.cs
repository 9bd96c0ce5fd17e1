using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>
/// What a general word stands for: who asks about pets is told of a dog. People ask with the name of a kind and tell with the names of things,
/// and without a model nothing else brings the two together. General English; kinds that talk is about.
/// </summary>
internal static class RelatedWords
{
    // kinds, separated by commas: things of that kind.
    private const string Kinds = """
        pet, animal: dog puppy cat kitten horse pony rabbit bunny hamster parrot bird fish goldfish turtle tortoise snake lizard gecko frog ferret hedgehog guinea retriever terrier shepherd
        sport: football soccer basketball baseball tennis golf hockey volleyball swim run jog marathon cycle ski snowboard skate surf climb box wrestle yoga gym hike row karate judo rugby cricket badminton
        instrument: piano guitar violin drum flute cello trumpet saxophone clarinet ukulele harp keyboard bass banjo
        hobby, activity, pastime, interest, free: paint draw read write cook bake garden hike camp swim run dance sing photography knit sew fish chess game yoga climb ski surf bike sculpt craft puzzle
        country: france spain italy germany england britain ireland scotland portugal greece turkey japan china india thailand vietnam korea canada mexico brazil argentina peru egypt morocco kenya australia sweden norway finland denmark iceland switzerland austria poland netherlands belgium croatia indonesia singapore
        city, place, travel, visit: paris london rome madrid barcelona berlin tokyo york angeles francisco chicago boston seattle miami toronto vancouver amsterdam vienna prague lisbon dublin athens istanbul bangkok sydney beach mountain lake forest park museum
        state: california texas florida oregon colorado washington nevada arizona michigan minnesota georgia carolina hawaii alaska virginia ohio
        food, meal, dish, cuisine, snack: pizza pasta salad soup sandwich burger rice sushi taco chicken steak fish bread cheese cake cookie curry noodle vegetable fruit breakfast lunch dinner lasagna roast
        dessert, sweet: cake cookie pie ice cream brownie chocolate cupcake pudding tart muffin pastry mousse cheesecake
        drink, beverage: coffee tea juice beer wine cocktail water smoothie lemonade milk soda whisky
        vehicle, transport: car truck bike bus train boat motorcycle van plane ship scooter
        family, relative: mother father brother sister son daughter child parent grandmother grandfather aunt uncle cousin niece nephew husband wife
        child: son daughter baby toddler
        partner, spouse, relationship, single: husband wife girlfriend boyfriend fiance married date divorce breakup engaged
        work, career, employ: job office boss company business colleague interview promotion hire manager client
        job: work engineer teacher nurse doctor lawyer programmer designer chef writer artist manager accountant waiter mechanic
        school, study, education, degree: university class course student teacher exam graduate lecture lesson homework
        art, artwork: paint draw sculpture canvas pottery sketch gallery watercolor portrait mural
        music, musician: song band concert album sing singer guitar piano violin melody orchestra
        song: album sing lyric
        book, novel, author: read story novel chapter series write library
        film, show, series: watch movie cinema actor episode comedy documentary trilogy
        game: play chess poker console nintendo xbox playstation monopoly scrabble puzzle card
        exercise, fitness, workout: run gym yoga jog lift train swim hike cycle
        illness, health, sick, disease: doctor hospital flu cold fever allergy cancer surgery diabetes asthma pain injury
        injury, hurt: sprain broken ankle knee wrist fracture hospital
        emotion, feel: happy sad angry proud nervous anxious excited scared relieved grateful upset worried
        weather: rain snow sunny storm cloud wind hot cold
        nature, outdoor: mountain forest lake river beach hike camp park sunset tree garden trail
        plant, flower: rose tulip orchid sunflower lily daisy cactus tree herb succulent basil
        clothes, clothing, outfit, wear: shirt dress shoe jacket jean hat sweater skirt coat hoodie boot
        jewellery: necklace ring bracelet earring pendant
        gift: necklace ring flower card book toy
        color: red blue green yellow purple orange pink black white
        colour: red blue green yellow purple orange pink black white
        furniture: table chair sofa couch bed desk lamp shelf bookcase
        tool, device, gadget, electronics: phone laptop computer tablet camera headphones console printer
        event, celebration: party festival wedding birthday concert parade conference fair ceremony gala tournament workshop fundraiser
        charity, volunteer, community: shelter donate fundraiser donation cause
        religion, faith, spiritual: church pray god temple mosque bible faith meditate
        holiday: christmas easter thanksgiving halloween trip beach
        trip, vacation, journey: travel flight hotel beach mountain camp road
        accident, damage: crash broken car hit tire
        home, house, live: apartment move neighbour rent room kitchen garden
        friend: buddy roommate neighbour colleague
        relax, destress, stress, unwind, calm: yoga meditate bath walk read music run nature
        goal, dream, ambition, plan: hope want wish aim
        award, prize, achievement, accomplishment: win medal trophy champion certificate scholarship first
        language: english spanish french german italian japanese chinese portuguese russian arabic
        bird: parrot eagle owl canary finch sparrow hawk
        dance: ballet salsa tango waltz
        martial: karate judo taekwondo box jujitsu aikido
        fear, afraid, phobia: scare spider height dark
        money, financial, afford: pay cost loan debt savings budget
        meet, met: friend new
        fruit: apple banana orange lemon grape strawberry blueberry raspberry cherry peach pear plum mango pineapple melon watermelon kiwi coconut
        vegetable: tomato potato carrot onion garlic broccoli spinach lettuce cucumber pepper cabbage pumpkin bean pea corn mushroom
        tree: oak pine maple birch willow cherry apple palm
        wildlife, wild, insect: deer fox bear wolf squirrel owl eagle whale dolphin shark butterfly bee spider snake lion tiger elephant monkey
        subject, science: history math physics biology chemistry geography literature philosophy psychology economics computer engineering astronomy
        genre: rock pop jazz classical blues metal folk country rap electronic comedy drama horror thriller romance action fantasy mystery fiction
        media, online, internet: instagram youtube facebook twitter tiktok blog podcast website video channel post stream
        program, software, code: python java javascript app website algorithm developer debug
        console, video: nintendo xbox playstation switch steam pc
        body: arm leg knee back shoulder foot hand neck hip heart
        symptom, pain: headache fever cough ache dizzy swollen sore
        exercise, train: weight treadmill squat cardio stretch pilates
        water, winter: surf swim kayak sail dive snorkel paddle ski snowboard skate sled
        trait, personality, character, quality: kind generous brave patient honest funny loyal creative caring shy confident determined
        landmark, sight, attraction: tower castle bridge museum cathedral palace statue monument temple ruin
        business: store brand marketing customer investor loan product website client startup
        transport, commute: bus train bike car subway walk
        meal, diet: breakfast lunch dinner snack vegetarian vegan protein
        kitchen, appliance: oven fridge stove blender toaster microwave
        craft: knit sew crochet quilt woodwork pottery origami embroidery jewellery
        present, surprise: ring necklace flower card watch ticket
        pet, adopt: shelter rescue breed collar leash vet
        habit, routine: morning evening daily coffee walk run meditate journal
        team, player: coach captain league season goal score match
        camp, outdoor: tent fire hike trail lake star sleep
        ocean, sea: wave sail boat dive fish beach shore
        school: math history teacher grade recess
        baby, pregnant: birth newborn boy girl crib diaper
        wedding, engaged: bride groom ring ceremony honeymoon dress propose
        legal, crime: police court lawyer theft stolen arrest
        paint, artist: canvas brush watercolor acrylic gallery landscape portrait
        photography: camera lens shot portrait landscape
        decorate, decor: light candle poster plant curtain paint wallpaper
        support, encourage: help listen advice cheer hug
        career, ambition: promotion degree interview internship apply
        """;

    private static readonly FrozenDictionary<ulong, ulong[]> Members = Read();

    /// <returns>Keys of the terms that the term stands for; null when it stands for itself alone.</returns>
    public static IReadOnlyList<ulong>? Of(ulong term) => Members.GetValueOrDefault(term);

    private static FrozenDictionary<ulong, ulong[]> Read()
    {
        var members = new Dictionary<ulong, HashSet<ulong>>();
        foreach (var line in Kinds.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (kinds, things) = (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]);
            var keys = Terms.Of(things).Select(term => Terms.Key(term)).ToList();
            foreach (var kind in Terms.Of(kinds).Select(term => Terms.Key(term)))
            {
                if (!members.TryGetValue(kind, out var held))
                    members[kind] = held = [];
                held.UnionWith(keys);
            }
        }

        return members.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.Order().ToArray());
    }
}

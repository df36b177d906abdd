extension Message {
    var japanese: String {
        switch self {
        case .insertCard: "カードを入れてください。"
        case .readingCard: "カードを読み取り中です…"
        case .takeCard: "カードをお取りください。"
        case .leaveCardIn: "カードを抜かないでください。"
        case .cardUnknown: "このカードは登録されていません。"
        case .cardNotServed: "このカードは取り扱えません。"
        case .cardGone: "カードが抜かれました。"
        case .nothingLost: "データは失われていません。"
        case .goesOnWhenBack: "カードを入れると続きから始めます。"
        case .goesOnElsewhere: "他の端末でも続けられます。"
        case .askStaff: "係員にお尋ねください。"
        case .centreAway: "センターから応答がありません。"
        case .centreBack: "センターにつながりました。"
        case .tryingAgain(let seconds): "\(seconds)秒後にやり直します。"
        case .centreUntrusted: "正しいセンターではありません。中止。"
        case .notEnrolled: "この端末は登録されていません。"
        case .working(let step, let steps): "\(steps)工程中の\(step)番目"
        case .workingFor(let step, let steps, let seconds): "\(steps)工程中の\(step)番目、残り約\(seconds)秒"
        case .action(let action): action.japanese
        case .secondsLeft(let seconds): "残り約\(seconds)秒"
        case .done: "完了しました。"
        case .failed: "完了できませんでした。"
        case .willGoOn: "まだ途中です。後で続けます。"
        case .nothingToDo: "このカードに待ちの処理はありません。"
        case .whatToDo: "ご用件をお選びください。"
        case .menu(let item): item.japanese
        case .choose: "番号: "
        case .noSuchChoice: "その番号はありません。"
        case .whichApplication: "どのアプリケーションですか? "
        case .noApplications: "アプリケーションがありません。"
        case .userNumber: "利用者番号: "
        case .password: "パスワード"
        case .wrongSignIn: "番号またはパスワードが違います。"
        case .signedIn: "サインインしました。"
        case .signedOut: "サインアウトしました。"
        case .waitSeconds(let seconds): "\(seconds)秒待ってからやり直してください。"
        case .newCardIntroduction: "以前の内容をこのカードに移します。"
        case .validThrough: "有効期限 (2030-12-31): "
        case .noSuchDay: "2030-12-31のように入力してください。"
        case .cardIsYours(let number): "お客様の\(number)枚目のカードです。"
        case .plan: "次のとおり行います:"
        case .missingRoom: "不足している容量"
        case .leaves: "預けるもの"
        case .goesForGood: "完全に削除するもの"
        case .unusedCodeLeaves: "使われていないプログラムを削除します"
        case .gives(let bytes): "\(bytes)バイト空きます。"
        case .dataStayWhole: "データは保管され、後で戻せます。"
        case .wantedButNeeded: "ご希望に反しますが、必要です。"
        case .comes: "カードに入るもの"
        case .custodyPerDay: "1日の預かり料"
        case .takesAbout(let seconds): "約\(seconds)秒かかります。"
        case .notPossible: "次の理由で実行できません:"
        case .approve: "実行しますか? (yes/no) "
        case .declined: "何も変更していません。"
        case .onCard: "カードの中"
        case .inCustody: "預かり中"
        case .since: "開始"
        case .costUntilNow: "現在の料金"
        case .nothingThere: "なし"
        case .bill: "ご請求"
        case .memoryBefore: "変更前のメモリ"
        case .memoryAfter: "変更後のメモリ"
        case .memoryNow: "メモリ"
        case .free: "空き"
        case .used: "使用中"
        case .bytes(let count): "\(count)バイト"
        case .trouble(let trouble): trouble.japanese
        }
    }
}

extension Message.Action {
    fileprivate var japanese: String {
        switch self {
        case .check: "カードを確認中"
        case .park: "預かり処理中"
        case .copy: "データを複写中"
        case .remove: "削除中"
        case .load: "読み込み中"
        case .install: "設定中"
        case .personalise: "データを書き込み中"
        case .restore: "データを戻しています"
        case .move: "所定の場所へ移動中"
        case .identify: "お客様の情報を書き込み中"
        case .room: "領域を準備中"
        case .keys: "鍵を更新中"
        }
    }
}

extension Message.MenuItem {
    fileprivate var japanese: String {
        switch self {
        case .add: "アプリケーションを追加する"
        case .remove: "アプリケーションを削除する"
        case .park: "アプリケーションを預ける"
        case .restore: "預けたものを戻す"
        case .list: "一覧と料金を見る"
        case .statement: "今月のご請求を見る"
        case .signIn: "サインインする"
        case .signOut: "サインアウトする"
        case .newCard: "新しいカードに引き継ぐ"
        case .language: "English / 日本語 / Deutsch"
        case .quit: "終了する"
        }
    }
}

extension Trouble {
    fileprivate var japanese: String {
        switch self {
        case .cardUnknown: "このカードは登録されていません。"
        case .cardBlocked: "このカードは停止されています。"
        case .cardRetired: "このカードはもう使えません。"
        case .cardExpired: "このカードは期限切れです。"
        case .cardNotServed: "このカードは取り扱えません。"
        case .cardDrifts: "係員がカードを確認する必要があります。"
        case .cardUnread: "先にカードを読み取る必要があります。"
        case .oldCardActive: "以前のカードがまだ有効です。"
        case .applicationUnknown: "そのアプリケーションはありません。"
        case .notOffered: "現在は提供されていません。"
        case .notForThisCard: "このカードでは使えません。"
        case .serviceStopped: "サービスは現在停止中です。"
        case .notInstalled: "このカードには入っていません。"
        case .alreadyThere: "すでにそうなっています。"
        case .placeTaken: "ほかのものが場所を使っています。"
        case .partMissing: "必要なものが足りません。"
        case .stillNeeded: "ほかのものが使っています。"
        case .cannotPark: "これは預けることができません。"
        case .notHeld: "これは預かっていません。"
        case .notEnoughRoom: "空き容量が足りません。"
        case .quotaExceeded: "提供者の容量が足りません。"
        case .tooMany: "これ以上カードに入りません。"
        case .contradiction: "ご希望が互いに矛盾しています。"
        case .roomDoubtful: "容量が足りないことがあります。"
        case .dataLost: "データは引き継がれず、新しく始まります。"
        case .dataOld: "データは以前の控えです。"
        case .leftOut: "今回は含まれません。"
        case .operationOpen: "ほかの処理が終わっていません。"
        case .planChanged: "状況が変わりました。もう一度どうぞ。"
        case .signInFailed: "入力内容が一致しません。"
        case .signInOver: "もう一度サインインしてください。"
        case .notAllowed: "ここではできません。"
        case .terminalClosed: "この端末は停止されています。"
        case .tooOften: "回数が多すぎます。お待ちください。"
        case .centreBusy: "センターが混み合っています。"
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {FlashLoop} from "../FlashLoop.sol";
import {Coin} from "./Exchange.sol";

uint256 constant RAY = 10 ** 27;

/// Shares of what is supplied to a bank, as Aave V3 counts them: scaled by an index, rounded half up.
contract Shares {
    address private immutable _bank;
    uint256 public index = RAY;
    mapping(address => uint256) public scaledBalanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor() {
        _bank = msg.sender;
    }

    function setIndex(uint256 index_) external {
        index = index_;
    }

    function balanceOf(address account) public view returns (uint256) {
        return (scaledBalanceOf[account] * index + RAY / 2) / RAY;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address recipient, uint256 amount) external returns (bool) {
        _move(msg.sender, recipient, amount);
        return true;
    }

    function transferFrom(address payer, address recipient, uint256 amount) external returns (bool) {
        allowance[payer][msg.sender] -= amount;
        _move(payer, recipient, amount);
        return true;
    }

    function mint(address account, uint256 amount) external {
        require(msg.sender == _bank);
        scaledBalanceOf[account] += scaled(amount);
    }

    function burn(address account, uint256 amount) external {
        require(msg.sender == _bank && amount <= balanceOf(account), "more than the balance");
        scaledBalanceOf[account] -= scaled(amount);
    }

    function scaled(uint256 amount) public view returns (uint256) {
        return (amount * RAY + index / 2) / index;
    }

    function _move(address payer, address recipient, uint256 amount) private {
        scaledBalanceOf[payer] -= scaled(amount);
        scaledBalanceOf[recipient] += scaled(amount);
    }
}

/// Lends and takes supplies as a pool of Aave V3 does, as far as a loop asks it to, to anyone and without
/// regard for health. It can be told to take a unit less than it is allowed to.
contract Bank {
    mapping(Coin => Shares) public sharesOf;
    mapping(Coin => mapping(address => uint256)) public debtOf;
    mapping(Coin => mapping(address => mapping(address => uint256))) public delegated;
    uint256 public premium = 9;
    uint256 private _spared;

    function list(Coin asset) external {
        sharesOf[asset] = new Shares();
    }

    function set(uint256 premium_, uint256 spared) external {
        (premium, _spared) = (premium_, spared);
    }

    function delegate(Coin asset, address borrower, uint256 amount) external {
        delegated[asset][msg.sender][borrower] = amount;
    }

    /// Rounded half up to basis points, as Aave V3 does until its version 3.5.
    function premiumOf(uint256 amount) public view returns (uint256) {
        return (amount * premium + 5000) / 10_000;
    }

    function flashLoanSimple(FlashLoop receiver, Coin asset, uint256 amount, bytes calldata data, uint16 referral)
        external
    {
        require(referral == 0);
        asset.transfer(address(receiver), amount);
        uint256 owed = premiumOf(amount);
        require(receiver.executeOperation(address(asset), amount, owed, msg.sender, data), "not executed");
        asset.transferFrom(address(receiver), address(this), amount + owed);
    }

    function supply(Coin asset, uint256 amount, address account, uint16 referral) external {
        require(referral == 0);
        asset.transferFrom(msg.sender, address(this), amount - _spared);
        sharesOf[asset].mint(account, amount - _spared);
    }

    function borrow(Coin asset, uint256 amount, uint256 mode, uint16 referral, address account) external {
        require(mode == 2 && referral == 0);
        delegated[asset][account][msg.sender] -= amount;
        debtOf[asset][account] += amount;
        asset.transfer(msg.sender, amount);
    }

    function repay(Coin asset, uint256 amount, uint256 mode, address account) external returns (uint256) {
        require(mode == 2 && amount != type(uint256).max);
        uint256 debt = debtOf[asset][account];
        uint256 repaid = amount < debt ? amount : debt;
        asset.transferFrom(msg.sender, address(this), repaid - _spared);
        debtOf[asset][account] = debt - repaid;
        return repaid - _spared;
    }

    function withdraw(Coin asset, uint256 amount, address recipient) external returns (uint256) {
        sharesOf[asset].burn(msg.sender, amount);
        asset.transfer(recipient, amount);
        return amount;
    }
}

/// What a lender that is none does when it is asked for a loan.
enum Trick {
    Nothing,
    Lend,
    Twice,
    AnotherInitiator,
    AnotherAccount,
    AnotherTurn,
    Exchange,
    Enter,
    Keep
}

/// A lender that plays a trick, and remembers how it was answered.
contract Rogue {
    Trick private _trick;
    address private _victim;
    bytes private _call;
    bytes private _answer;
    uint256 public premium;
    bytes private _again;

    function play(Trick trick, address victim, bytes calldata call, uint256 premium_) external {
        (_trick, _victim, _call, premium) = (trick, victim, call, premium_);
    }

    /// What the trick was answered.
    function answer() external view returns (bytes memory) {
        return _answer;
    }

    /// Brings the loan that it lends once more.
    function bringAgain(address receiver) external {
        (, _answer) = receiver.call(_again);
    }

    function flashLoanSimple(FlashLoop receiver, Coin asset, uint256 amount, bytes calldata data, uint16) external {
        if (_trick == Trick.Nothing) return;
        asset.transfer(address(receiver), amount);
        _again = abi.encodeCall(FlashLoop.executeOperation, (address(asset), amount, premium, msg.sender, data));
        if (_trick == Trick.AnotherInitiator) _operate(receiver, asset, amount, _victim, data);
        if (_trick == Trick.AnotherAccount) _operate(receiver, asset, amount, msg.sender, _for(_victim, data));
        if (_trick == Trick.AnotherTurn) _operate(receiver, asset, amount, msg.sender, _turned(data));
        if (_trick == Trick.Exchange) _exchange(receiver, data);
        if (_trick == Trick.Enter) (, _answer) = address(receiver).call(_call);
        receiver.executeOperation(address(asset), amount, premium, msg.sender, data);
        if (_trick == Trick.Twice) _operate(receiver, asset, amount, msg.sender, data);
        if (_trick == Trick.Keep) return;
        asset.transferFrom(address(receiver), address(this), amount + premium);
    }

    function _operate(FlashLoop receiver, Coin asset, uint256 amount, address initiator, bytes memory data) private {
        bytes memory call =
            abi.encodeCall(FlashLoop.executeOperation, (address(asset), amount, premium, initiator, data));
        (, _answer) = address(receiver).call(call);
    }

    function _exchange(FlashLoop receiver, bytes memory data) private {
        (, _answer) = address(receiver).call(abi.encodeCall(FlashLoop.uniswapV3SwapCallback, (1, -1, data)));
    }

    function _for(address victim, bytes memory data) private pure returns (bytes memory) {
        FlashLoop.Turn memory turn = abi.decode(data, (FlashLoop.Turn));
        turn.account = victim;
        return abi.encode(turn);
    }

    function _turned(bytes memory data) private pure returns (bytes memory) {
        FlashLoop.Turn memory turn = abi.decode(data, (FlashLoop.Turn));
        turn.inward = !turn.inward;
        return abi.encode(turn);
    }
}
